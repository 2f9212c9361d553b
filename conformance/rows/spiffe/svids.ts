import { claimsOf, forge, headerOf, testKey, withClaims } from "../../../test/kit/wire/key.ts";
import { asserting, refusedAll } from "../../asserting.ts";
import { holds, must, same, text } from "../../expect.ts";
import { tokenIn } from "../../flows.ts";
import { type Row, rowsOf } from "../../row.ts";

const spiffeRows = rowsOf("SPIFFE client auth", [
  {
    section: "JWT-SVID",
    level: "MUST",
    text: "jwt-spiffe with one JWT-SVID authenticates the client its sub is registered as",
    async run(target) {
      const worker = await target.actor("worker");
      const token = tokenIn(await asserting(target, worker.identity));
      same(claimsOf(token).client_id, worker.id, "client_id");
    },
  },
  {
    section: "JWT-SVID",
    level: "MUST",
    text: "The SVID's signature is by keys of the client's trust domain: another domain's name under them is refused",
    async run(target) {
      const { identity, id } = await target.actor("worker");
      const foreign = { ...claimsOf(identity), sub: id.replace(/^spiffe:\/\/[^/]+/, "spiffe://other.example") };
      await refusedAll(target, withClaims(identity, foreign), forge(await testKey(), headerOf(identity), foreign));
    },
  },
  {
    section: "JWT-SVID",
    level: "MUST",
    text: "A sub that is no registered client is refused",
    async run(target) {
      const { identity } = await target.actor("worker");
      const claims = claimsOf(identity);
      for (const sub of [`${claims.sub}x`, "worker", ""])
        await refusedAll(target, withClaims(identity, { ...claims, sub }));
    },
  },
  {
    section: "metadata",
    level: "MUST",
    text: "The method is told in metadata as spiffe_jwt, at every endpoint that asks for it",
    async run(target) {
      const metadata = await target.metadata();
      for (const name of ["token", "introspection", "revocation"])
        holds(metadata[`${name}_endpoint_auth_methods_supported`], "spiffe_jwt", `${name}'s methods`);
    },
  },
]);

const svidRows = rowsOf("SPIFFE JWT-SVID", [
  {
    section: "2",
    level: "MUST",
    text: "The header holds alg, kid and typ alone",
    async run(target) {
      const header = headerOf((await target.actor("worker")).identity);
      const beyond = Object.keys(header).filter((name) => !["alg", "kid", "typ"].includes(name));
      same(beyond, [], "what else it holds");
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "alg is one of RS, ES and PS with 256, 384 or 512",
    async run(target) {
      const { alg } = headerOf((await target.actor("worker")).identity);
      must(/^(RS|ES|PS)(256|384|512)$/.test(String(alg)), `alg is ${alg}`);
    },
  },
  {
    section: "2.3",
    level: "MUST",
    text: "typ, where set, is JWT or JOSE",
    async run(target) {
      const { typ } = headerOf((await target.actor("worker")).identity);
      must(typ === undefined || typ === "JWT" || typ === "JOSE", `typ is ${typ}`);
    },
  },
  {
    section: "3.1",
    level: "MUST",
    text: "sub is the SPIFFE ID of the workload",
    async run(target) {
      const worker = await target.actor("worker");
      same(claimsOf(worker.identity).sub, worker.id, "sub");
    },
  },
  {
    section: "3.2",
    level: "MUST",
    text: "aud is there",
    async run(target) {
      text(claimsOf((await target.actor("worker")).identity).aud, "aud");
    },
  },
  {
    section: "3.3",
    level: "MUST",
    text: "exp is there",
    async run(target) {
      must(Number.isInteger(claimsOf((await target.actor("worker")).identity).exp), "exp is missing");
    },
  },
]);

export const spiffeSvidRows: readonly Row[] = [...spiffeRows, ...svidRows];
