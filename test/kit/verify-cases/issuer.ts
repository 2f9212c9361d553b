import { createHash } from "node:crypto";
import { subjects } from "../../../core/model/subjects.ts";
import { cutName } from "../../../core/status/cut-name.ts";
import { cutsClaims, cutsUri } from "../../../core/verify/cuts/document.ts";
import { statusListClaims, statusListUri } from "../../../core/verify/status/list.ts";
import type { CaseStep } from "./case.ts";
import { type CaseKey, ecKey, jws, rsaKey, streamOf } from "./keys.ts";

export const nowSeconds = 1_785_542_400;
export const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
export const resource = "https://tickets.example";
export const target = "/things?id=7";
export const requestUrl = `${resource}/things`;
export const planner = "spiffe://agents.example.com/agent/planner";
export const researcher = "spiffe://agents.example.com/agent/researcher";
export const ada = `p_${"a".repeat(32)}`;
export const list = statusListUri(issuer, "1785540000-0");
export const metadataUrl = `${issuer}/.well-known/oauth-authorization-server`;
export const jwksUrl = `${issuer}/.well-known/jwks.json`;
export const cuts = cutsUri(issuer);
export const login = "l".repeat(22);
export const build = cutName(issuer, subjects.build("sha256:feed"));
export const index = 7;

export const session = ecKey("session");
export const sessionRsa = rsaKey("session");
export const statusKey = ecKey("status");
export const foreign = ecKey("foreign");
export const caller = ecKey("caller");
export const other = ecKey("other caller");

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url");

/** A key as the issuer publishes it. */
export const published = (key: CaseKey, typ: string | readonly string[], more: object = {}) => ({
  ...key.jwk,
  ...{ kid: key.jkt, alg: key.alg, use: "sig", lanyard_typ: typ },
  ...more,
});
export const publishedKeys: readonly object[] = [
  published(session, "at+jwt"),
  published(sessionRsa, "at+jwt"),
  published(statusKey, ["statuslist+jwt", "lanyard-cuts+jwt"]),
];

/** A signed status list. */
export const signedList = (
  revoked: readonly number[] = [],
  more: object = {},
  key = statusKey,
  header: object = {},
) => {
  const { atSeconds = nowSeconds, ...claims } = more as { readonly atSeconds?: number };
  const says = statusListClaims({ issuer, list: "1785540000-0", revoked, nowSeconds: atSeconds });
  return jws(key, { alg: key.alg, kid: key.jkt, typ: "statuslist+jwt", ...header }, { ...says, ...claims });
};

/** A signed document of cuts, by subjects. */
export const signedCuts = (
  epochs: Readonly<Record<string, number>> = {},
  more: object = {},
  key = statusKey,
  header: object = {},
) => {
  const { atSeconds = nowSeconds, version = 1, ...claims } = more as { atSeconds?: number; version?: number };
  const named = Object.entries(epochs).map(([subject, epoch]) => ({ name: cutName(issuer, subject), epoch }));
  const says = cutsClaims({ issuer, nowSeconds: atSeconds, version, cuts: named, overflow: false });
  return jws(key, { alg: key.alg, kid: key.jkt, typ: "lanyard-cuts+jwt", ...header }, { ...says, ...claims });
};

/** What the issuer serves while nothing is wrong. */
export const documents: Readonly<Record<string, string>> = {
  [metadataUrl]: JSON.stringify({ issuer, jwks_uri: jwksUrl }),
  [jwksUrl]: JSON.stringify({ keys: publishedKeys }),
  [list]: signedList(),
  [cuts]: signedCuts(),
};

/** Claims of a person's token for the planner. */
export const claims = (more: object = {}): object => ({
  ...{ iss: issuer, sub: ada, aud: resource, client_id: planner, iat: nowSeconds, exp: nowSeconds + 300 },
  ...{ jti: "token-1", scope: "tickets:read tickets:write", cnf: { jkt: caller.jkt }, act: { sub: planner } },
  ...{ sid: "s".repeat(22), root: "s".repeat(22), depth: 0, assurance: "fresh" },
  status: { status_list: { idx: index, uri: list } },
  ...more,
});
/** Claims of what makes a token two agents long, issued before anything was cut. */
export const chain = {
  ...{ client_id: researcher, act: { sub: researcher, act: { sub: planner } }, depth: 1 },
  ...{ login: [login], epochs: [0, 0, 0, 0, 0], others: [[build, 0]] },
};

export const headerOf = (key: CaseKey, more: object = {}): object => ({
  ...{ alg: key.alg, kid: key.jkt, typ: "at+jwt" },
  ...more,
});
export const token = (more: object = {}, key: CaseKey = session, header: object = {}): string =>
  jws(key, headerOf(key, header), claims(more));

let proofs = 0;
/** Counts of proofs start anew with each file, so that one file's cases do not change another's. */
export const startProofs = (file: string): void => {
  proofs = 0;
  prefix = file;
};
let prefix = "";

/** How a proof may be wrong. */
export interface ProofTwist {
  readonly key?: CaseKey;
  readonly header?: object | string;
  readonly claims?: object;
  readonly signedBy?: CaseKey;
}

/** A proof for the file's request and this token. */
export function proof(accessToken: string, { key = caller, header, claims: more, signedBy }: ProofTwist = {}): string {
  const jti = streamOf(`${prefix} proof ${proofs++}`, 9).toString("base64url");
  const says = { jti, htm: "POST", htu: requestUrl, iat: nowSeconds, ath: sha256(accessToken), ...more };
  const head = typeof header === "string" ? header : { typ: "dpop+jwt", alg: key.alg, jwk: key.jwk, ...header };
  return jws(signedBy ?? key, head, says);
}

/** A request with a token and a proof for it. */
export const asks = (
  accessToken: string,
  expect: string,
  more: Partial<CaseStep> & { readonly twist?: ProofTwist } = {},
): CaseStep => {
  const { twist, ...step } = more;
  const headers = [
    ["authorization", `DPoP ${accessToken}`],
    ["dpop", proof(accessToken, twist)],
  ] as const;
  return { headers, expect, ...step };
};
