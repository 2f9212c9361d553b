import { limits } from "../core/model/limits.ts";
import { ok } from "../core/model/result.ts";
import { createVerifier } from "../core/verify/access-token.ts";
import { encodeStatusList } from "../core/verify/status-list.ts";
import { tickets } from "../test/kit/registry.ts";
import { dpopProof } from "../test/kit/wire/key.ts";
import { createWorld, issuer } from "../test/kit/world.ts";
import { bareVerify } from "./issue.ts";
import { measure, type Row } from "./measure.ts";

const runs = 2_000;

/** Offline verifications of access tokens with their proofs: two signatures, status list warm, one at a time. */
export async function benchVerify(): Promise<Row[]> {
  const world = await createWorld();
  const researcher = await world.newAgent("researcher");
  const { signer, time } = world;
  const answer = await world.send("token", researcher, {
    grant_type: "client_credentials",
    resource: tickets,
    scope: "tickets:read",
  });
  const token = answer.body.access_token as string;
  const kid = signer.public.kid;
  const statusKey = world.identityKey;
  const jwks = {
    keys: [
      { ...signer.public.jwk, kid, lanyard_typ: "at+jwt" },
      { ...statusKey.jwk, kid: statusKey.jkt, alg: "ES256", use: "sig", lanyard_typ: "statuslist+jwt" },
    ],
  };
  const documents = (url: string): string => {
    if (url.includes("/status/"))
      return statusKey.jws(
        { alg: "ES256", kid: statusKey.jkt, typ: "statuslist+jwt" },
        {
          sub: url,
          iat: time.seconds,
          exp: time.seconds + 120,
          ttl: 5,
          status_list: { bits: 1, lst: encodeStatusList([], limits.statusListSize) },
        },
      );
    if (url.endsWith("jwks.json")) return JSON.stringify(jwks);
    return JSON.stringify({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` });
  };
  const fetcher = { get: async (url: string) => ok({ body: Buffer.from(documents(url)) }) };
  const verifier = createVerifier({
    issuer,
    resource: tickets,
    clock: { nowMillis: () => time.seconds * 1000 },
    fetcher,
  });
  const url = "https://tickets.example/tickets/1";
  const proofs = Array.from({ length: runs + Math.ceil(runs / 10) }, () =>
    dpopProof(researcher.key, { method: "GET", url, atSeconds: time.seconds, accessToken: token }),
  );
  const { cpuMicros, perSecond } = await measure(runs, async (n) => {
    const verified = await verifier.verify({
      method: "GET",
      url,
      authorization: [`DPoP ${token}`],
      dpop: [proofs[n] ?? ""],
    });
    if (!verified.ok) throw new Error(`a measured request was refused: ${JSON.stringify(verified.error)}`);
  });
  const floor = await bareVerify();
  const ratio = { of: "one bare ES256 verification", value: cpuMicros / floor };
  return [
    { section: "verify", name: "offline verifications of token, proof and status", value: perSecond, unit: "a second" },
    { section: "verify", name: "CPU a verification", value: cpuMicros / 1000, unit: "ms", ratio },
  ];
}
