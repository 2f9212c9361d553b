import { limits } from "../../core/model/limits.ts";
import { ok } from "../../core/model/result.ts";
import { subjects } from "../../core/model/subjects.ts";
import { cutName } from "../../core/status/cut-name.ts";
import { createVerifier } from "../../core/verify/access-token.ts";
import { cutsClaims, cutsUri } from "../../core/verify/cuts/document.ts";
import { createReplayStore, type ReplayStore } from "../../core/verify/replay.ts";
import { statusListClaims, statusListUri } from "../../core/verify/status/list.ts";
import { randomIds } from "../../test/kit/keys.ts";
import { agentId, tickets } from "../../test/kit/registry.ts";
import { dpopProof, type TestKey, testKey } from "../../test/kit/wire/key.ts";

/** How tokens and lists are signed. */
export type Alg = "ES256" | "RS256";

const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
const list = "1785540000-0";
const url = "https://tickets.example/tickets/1";
/** Agents that were cut, none of which stands in a measured token: where nothing is cut, a token is not even looked at. */
const cutAgents = 100;

/** One request as a resource server gets it. */
interface Presented {
  readonly token: string;
  readonly proof: string;
}

/**
 * An issuer of one algorithm with its status list and its document of cuts, everything at hand: nothing is fetched while it is measured.
 * @returns how to make tokens and requests, and what verifiers need to know of it
 */
export async function createBenchIssuer(alg: Alg) {
  // a status list lives seconds: time stands still while it is measured, so that none is fetched
  const nowSeconds = Math.floor(Date.now() / 1000);
  const clock = { nowMillis: () => nowSeconds * 1000 };
  const [session, status, caller] = await Promise.all([testKey(alg), testKey(alg), testKey()]);
  const published = (key: TestKey, typ: string | readonly string[]) => ({
    ...key.jwk,
    kid: key.jkt,
    alg,
    use: "sig",
    lanyard_typ: typ,
  });
  const jwks = { keys: [published(session, "at+jwt"), published(status, ["statuslist+jwt", "lanyard-cuts+jwt"])] };
  const lists = statusListClaims({ issuer, list, revoked: new Set(), nowSeconds });
  const named = Array.from({ length: cutAgents }, (_, n) => ({
    name: cutName(issuer, subjects.agent(agentId(`cut-${n}`))),
    epoch: 1,
  }));
  const cuts = cutsClaims({ issuer, nowSeconds, version: cutAgents, cuts: named, overflow: false });
  const build = cutName(issuer, subjects.build(`sha256:${"b".repeat(64)}`));
  const documents = new Map<string, string>([
    [
      `${issuer}/.well-known/oauth-authorization-server`,
      JSON.stringify({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` }),
    ],
    [`${issuer}/.well-known/jwks.json`, JSON.stringify(jwks)],
    [statusListUri(issuer, list), status.jws({ alg, kid: status.jkt, typ: "statuslist+jwt" }, lists)],
    [cutsUri(issuer), status.jws({ alg, kid: status.jkt, typ: "lanyard-cuts+jwt" }, cuts)],
  ]);
  const fetcher = { get: async (from: string) => ok({ body: Buffer.from(documents.get(from) ?? "") }) };
  const token = (by: TestKey = caller): string => {
    const sid = randomIds.id();
    return session.jws(
      { alg, kid: session.jkt, typ: "at+jwt" },
      {
        iss: issuer,
        sub: `p_${"a".repeat(32)}`,
        aud: tickets,
        client_id: agentId("planner"),
        iat: nowSeconds,
        exp: nowSeconds + 300,
        jti: randomIds.id(),
        scope: "tickets:read tickets:write",
        cnf: { jkt: by.jkt },
        act: { sub: agentId("planner") },
        sid,
        root: sid,
        anc: [],
        depth: 0,
        assurance: "fresh",
        login: [randomIds.id()],
        // the deployment, the person, the agent, the login
        epochs: [0, 1, 2, 0],
        builds: [[build, 0]],
        status: {
          status_list: { idx: Math.floor(Math.random() * limits.statusListSize), uri: statusListUri(issuer, list) },
        },
      },
    );
  };
  const present = (accessToken: string, by: TestKey = caller): Presented => ({
    token: accessToken,
    proof: dpopProof(by, { method: "GET", url, atSeconds: nowSeconds, accessToken }),
  });
  /**
   * A verifier of its own.
   * @param replay unless given, with room for a run's proofs: all fall into one second, and most are by one key
   */
  const verifier = (replay: ReplayStore = createReplayStore(1_000_000, 1_000_000)) => {
    const made = createVerifier({ issuer, resource: tickets, clock, fetcher, replay });
    return async ({ token: accessToken, proof }: Presented): Promise<void> => {
      const request = { method: "GET", url, authorization: [`DPoP ${accessToken}`], dpop: [proof] };
      const verified = await made.verify(request);
      if (!verified.ok) throw new Error(`a measured request was refused: ${JSON.stringify(verified.error)}`);
    };
  };
  return { issuer, audience: tickets, url, nowSeconds, jwks, session, token, present, verifier };
}

/** What {@link createBenchIssuer} makes. */
export type BenchIssuer = Awaited<ReturnType<typeof createBenchIssuer>>;
