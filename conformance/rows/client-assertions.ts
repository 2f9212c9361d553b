import { assertion, formBody } from "../../test/kit/wire/forms.ts";
import { claimsOf, forge, headerOf, testKey, withClaims, withHeader } from "../../test/kit/wire/key.ts";
import { refusedAll } from "../asserting.ts";
import { must, refused, same } from "../expect.ts";
import { ownWork, sharedAccess, sharedSession, tokenIn } from "../flows.ts";
import { type Row, rowsOf } from "../row.ts";

/** What every kind of assertion must be (RFC 7521, RFC 7523 with its update). */
const assertionRows = rowsOf("RFC 7521", [
  {
    section: "4.2",
    level: "MUST",
    text: "client_assertion and client_assertion_type go together; one without the other is refused",
    async run(target) {
      const worker = await target.actor("worker");
      for (const left of assertion(worker)) {
        const form = [left, ...ownWork(target.need("own"))];
        const answer = await target.wire.post(await target.endpoint("token"), formBody(form), { key: worker.key });
        refused(answer, 401, "invalid_client");
      }
    },
  },
  {
    section: "4.2",
    level: "MUST",
    text: "A client_assertion_type that is not known is refused",
    async run(target) {
      const worker = await target.actor("worker");
      const form = [
        ["client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"] as const,
        ["client_assertion", worker.identity] as const,
        ...ownWork(target.need("own")),
      ];
      const answer = await target.wire.post(await target.endpoint("token"), formBody(form), { key: worker.key });
      refused(answer, 401, "invalid_client");
    },
  },
  {
    section: "4.2.1",
    level: "MUST",
    text: "An assertion that is not valid is invalid_client",
    run: (target) => refusedAll(target, "x", "e30.e30.", "a".repeat(20_000)),
  },
  {
    section: "4.2",
    level: "MUST",
    text: "client_id, where it is sent, names the very client of the assertion",
    async run(target) {
      const worker = await target.actor("worker");
      const other = `${worker.id}-other`;
      const form = (id: string) => [...ownWork(target.need("own")), ["client_id", id] as const];
      refused(await target.ask("token", worker, form(other)), 401, "invalid_client");
      tokenIn(await target.ask("token", worker, form(worker.id)));
    },
  },
]);

const jwtRows = rowsOf("RFC 7523bis", [
  {
    section: "3",
    level: "MUST",
    text: "The assertion's one audience is the issuer identifier: as a text, character by character",
    async run(target) {
      same(claimsOf((await target.actor("worker")).identity).aud, target.issuer, "aud");
    },
  },
  {
    section: "3",
    level: "MUST",
    text: "The token endpoint's address is no audience, nor is the issuer beside another",
    async run(target) {
      const { identity } = await target.actor("worker");
      const claims = claimsOf(identity);
      const audiences = [await target.endpoint("token"), [target.issuer, "https://other.example"], `${target.issuer}/`];
      await refusedAll(target, ...audiences.map((aud) => withClaims(identity, { ...claims, aud })));
      // and as a forger would send it, with a signature that is good by a key of his own
      const key = await testKey();
      for (const aud of audiences)
        await refusedAll(target, forge(key, { ...headerOf(identity), jwk: key.jwk }, { ...claims, aud }));
    },
  },
  {
    section: "3",
    level: "MUST",
    text: "The assertion has an end and is refused after it, however it is moved",
    async run(target) {
      const { identity } = await target.actor("worker");
      const claims = claimsOf(identity);
      const leftSeconds = Number(claims.exp) - Date.now() / 1000;
      must(leftSeconds > 0 && leftSeconds <= 300, `it lives ${leftSeconds} seconds more`);
      const { exp: _, ...endless } = claims;
      await refusedAll(target, withClaims(identity, endless), withClaims(identity, { ...claims, exp: 4102444800 }));
    },
  },
  {
    section: "3",
    level: "MUST",
    text: "The assertion is signed: none, HMAC and a stranger's key are refused",
    async run(target) {
      const { identity } = await target.actor("worker");
      const [header, claims, key] = [headerOf(identity), claimsOf(identity), await testKey()];
      await refusedAll(
        target,
        `${withHeader(identity, { ...header, alg: "none" })
          .split(".")
          .slice(0, 2)
          .join(".")}.`,
        withHeader(identity, { ...header, alg: "HS256" }),
        forge(key, header, claims),
        forge(key, { ...header, kid: key.jkt, jwk: key.jwk }, claims),
        forge(key, { ...header, jku: "https://attacker.example/jwks" }, claims),
      );
    },
  },
  {
    section: "3",
    level: "MUST",
    text: "The assertion is one of its kind: session and access tokens of the same issuer are none",
    run: async (target) => refusedAll(target, await sharedSession(target), await sharedAccess(target)),
  },
]);

export const clientAssertionRows: readonly Row[] = [...assertionRows, ...jwtRows];
