import type { Clock } from "../../core/model/ports.ts";
import { cutName } from "../../core/status/cut-name.ts";
import { createVerifier, type Verifier, type VerifierInput } from "../../core/verify/access-token.ts";
import { cutsClaims, cutsUri } from "../../core/verify/cuts/document.ts";
import type { PresentedRequest } from "../../core/verify/presented.ts";
import { statusListClaims, statusListUri } from "../../core/verify/status/list.ts";
import { randomIds } from "../kit/keys.ts";
import { MemoryWeb } from "../kit/memory/web.ts";
import { dpopProof, type TestKey, testKey } from "../kit/wire/key.ts";

export const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
export const resource = "https://tickets.example";
export const planner = "spiffe://agents.example.com/agent/planner";
export const researcher = "spiffe://agents.example.com/agent/researcher";
export const ada = `p_${"a".repeat(32)}`;
const requestUrl = "https://tickets.example/things";

/** An issuer on a web in memory: metadata, keys, one status list; and a caller with a key. */
export async function createIssuer() {
  const time = { seconds: 1_785_542_400 };
  const clock: Clock = { nowMillis: () => time.seconds * 1000 };
  const web = new MemoryWeb();
  const [session, status, foreign, caller] = await Promise.all([testKey(), testKey(), testKey(), testKey()]);
  const revoked = new Set<number>();
  const list = statusListUri(issuer, "1785540000-0");

  const published = (key: TestKey, typ: string | readonly string[], more: object = {}) => ({
    ...key.jwk,
    kid: key.jkt,
    alg: "ES256",
    use: "sig",
    lanyard_typ: typ,
    ...more,
  });
  const publishKeys = (...keys: readonly object[]) => {
    web.put(`${issuer}/.well-known/oauth-authorization-server`, {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
    });
    web.put(`${issuer}/.well-known/jwks.json`, { keys }, 60);
  };
  publishKeys(published(session, "at+jwt"), published(status, ["statuslist+jwt", "lanyard-cuts+jwt"]));

  const signList = (more: object = {}, key = status, header: object = {}) =>
    key.jws(
      { alg: "ES256", kid: key.jkt, typ: "statuslist+jwt", ...header },
      { ...statusListClaims({ issuer, list: "1785540000-0", revoked, nowSeconds: time.seconds }), ...more },
    );
  const publishList = (token = signList()) => web.put(list, token, 2);
  publishList();

  /** Subject → epoch. */
  const cut = new Map<string, number>();
  const version = { of: 0 };
  const signCuts = (more: object = {}, key = status, header: object = {}) => {
    const cuts = [...cut].map(([subject, epoch]) => ({ name: cutName(issuer, subject), epoch }));
    const says = cutsClaims({ issuer, nowSeconds: time.seconds, version: version.of, cuts, overflow: false });
    return key.jws({ alg: "ES256", kid: key.jkt, typ: "lanyard-cuts+jwt", ...header }, { ...says, ...more });
  };
  const publishCuts = (document = signCuts()) => web.put(cutsUri(issuer), document, 2);
  publishCuts();
  /** Raises a subject's epoch and tells of it. */
  const raise = (subject: string, epoch = (cut.get(subject) ?? 0) + 1) => {
    cut.set(subject, epoch);
    version.of += 1;
    publishCuts();
  };

  const claims = (more: object = {}) => ({
    iss: issuer,
    sub: ada,
    aud: resource,
    client_id: planner,
    iat: time.seconds,
    exp: time.seconds + 300,
    jti: randomIds.id(),
    scope: "tickets:read tickets:write",
    cnf: { jkt: caller.jkt },
    act: { sub: planner },
    sid: "s".repeat(22),
    root: "s".repeat(22),
    anc: [],
    depth: 0,
    assurance: "fresh",
    status: { status_list: { idx: 7, uri: list } },
    ...more,
  });
  const token = (more: object = {}, key = session, header: object = {}) =>
    key.jws({ alg: "ES256", kid: key.jkt, typ: "at+jwt", ...header }, claims(more));

  const request = (
    accessToken: string,
    more: Partial<PresentedRequest> = {},
    proof: object = {},
  ): PresentedRequest => ({
    method: "POST",
    url: requestUrl,
    authorization: [`DPoP ${accessToken}`],
    dpop: [dpopProof(caller, { url: requestUrl, atSeconds: time.seconds, accessToken }, { claims: proof })],
    ...more,
  });
  const verifier = (more: Partial<VerifierInput> = {}): Verifier =>
    createVerifier({ issuer, resource, clock, fetcher: web, ...more });

  return {
    ...{ time, clock, web, session, status, foreign, caller, revoked, list, requestUrl },
    ...{
      published,
      publishKeys,
      signList,
      publishList,
      signCuts,
      publishCuts,
      raise,
      cut,
      version,
      claims,
      token,
      request,
      verifier,
    },
  };
}

export type TestIssuer = Awaited<ReturnType<typeof createIssuer>>;
