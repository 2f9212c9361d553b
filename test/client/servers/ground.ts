import { beforeAll } from "vitest";
import type { GuardInput } from "../../../client/adapters/admission.ts";
import type { ResourceServerInput } from "../../../client/resource/resource-server.ts";
import { declared } from "../../kit/registry.ts";
import { dpopProof, type ProofTwist, type TestKey } from "../../kit/wire/key.ts";
import { createIssuer, issuer, resource, type TestIssuer } from "../../verify/issuer.ts";

export { resource } from "../../verify/issuer.ts";

/** What guards of this file's tests trust: one issuer for all of them. */
export let id: TestIssuer;

/** An issuer for all tests of the calling file. */
export function setUp(): void {
  beforeAll(async () => {
    id = await createIssuer();
  });
}

/** A guard's own input: the resource, by the issuer in memory. */
export const guarded = (more: Partial<ResourceServerInput> = {}) => ({
  issuer,
  resource,
  mode: "offline" as const,
  clock: id.clock,
  fetch: async (url: string | URL | Request) => {
    const document = id.web.documents.get(String(url));
    return document ? new Response(document.body) : new Response("", { status: 404 });
  },
  ...more,
});
guarded satisfies (more?: Partial<ResourceServerInput>) => GuardInput;

/** What a caller's request carries besides its address. */
export interface Calling {
  readonly method?: string;
  /** The URL its proof is for. */
  readonly url?: string;
  /** Claims of the token. */
  readonly claims?: object;
  readonly token?: string;
  readonly key?: TestKey;
  readonly proof?: ProofTwist;
  readonly nonce?: string;
}

/** The two headers of a caller's request; each with a new proof. */
export function credentials(calling: Calling = {}): { authorization: string; dpop: string } {
  const { method = "GET", url = `${resource}/things`, claims = {}, key = id.caller, nonce } = calling;
  const accessToken = calling.token ?? id.token(claims);
  const proved = { method, url, atSeconds: id.time.seconds, accessToken, ...(nonce === undefined ? {} : { nonce }) };
  return { authorization: `DPoP ${accessToken}`, dpop: dpopProof(key, proved, calling.proof) };
}

/** A detail that no guard of these tests is told of, unless it says so. */
export const restricted = { authorization_details: [{ type: "ticket", queues: ["a"] }] };
const texts = { type: "array", items: { type: "string" } };
export const ticketType = { name: "ticket", ...declared({ queues: texts }, { queues: "one_of" }) };
