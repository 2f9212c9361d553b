import { describe, expect, test } from "vitest";
import { createVerifier } from "../../core/verify/access-token.ts";
import { paths } from "../jwt/paths.ts";
import { MemoryWeb } from "../kit/memory/web.ts";
import { vectors } from "../kit/vectors.ts";

interface Cases {
  readonly now: number;
  readonly issuer: string;
  readonly audience: string;
  readonly cases: readonly { id: string; category: string; name: string; token: string; expected: string }[];
}

const attacks = vectors<Cases>("jwt-attacks/cases.json");
const jwks = vectors<{ readonly keys: readonly object[] }>("jwt-attacks/jwks.json");

/** Where the vectors leave it to the verifier: good as a JWT, and then not one of ours. */
const goodJwt = new Set(["time-02", "time-27", "subject-13", "claims-04", "claims-11", "claims-17", "json-06"]);
/** Good as a JWT, but odder than ours ever are. */
const stricter = new Set(["json-26"]);

/**
 * The vectors' good tokens carry no key, session or status: none of them is a token of ours. Refused as `claims_invalid`
 * means that everything of a JWT was right; any other code, that the attack was seen.
 */
describe.each(paths)("JWT attacks against a whole verifier, by $path", ({ keyMemory }) => {
  test.each(attacks.cases)("$category $id is evaluated $expected: $name", async ({ id, token, expected }) => {
    const web = new MemoryWeb();
    const { issuer, audience: resource, now } = attacks;
    web.put(`${issuer}/.well-known/oauth-authorization-server`, { issuer, jwks_uri: `${issuer}/jwks` });
    web.put(`${issuer}/jwks`, { keys: jwks.keys.map((key) => ({ ...key, lanyard_typ: "at+jwt" })) });
    const clock = { nowMillis: () => now * 1000 };
    const verifier = createVerifier({ issuer, resource, clock, fetcher: web, keyMemory });
    const request = { method: "GET", url: resource, authorization: [`DPoP ${token}`], dpop: [] };
    const verified = await verifier.verify(request);
    if (verified.ok) throw new Error("a token without key, session and status was accepted");
    const passes = (expected.startsWith("accept") && !stricter.has(id)) || goodJwt.has(id);
    const leftOpen = expected !== "accept" && !goodJwt.has(id) && !expected.startsWith("reject");
    if (!leftOpen) expect(verified.error.code === "claims_invalid").toBe(passes);
    // whatever a header names, only the issuer's own documents are fetched
    expect(web.asked.every((url) => url.startsWith(`${issuer}/`))).toBe(true);
  });
});
