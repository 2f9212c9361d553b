import { createHash } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import { exchange } from "../../test/kit/wire/forms.ts";
import { send } from "../../test/kit/wire/http.ts";
import { claimsOf, headerOf } from "../../test/kit/wire/key.ts";
import { must, same, text } from "../expect.ts";
import { ownAccess, sharedAccess, sharedPersonAccess, tokenIn, wanting } from "../flows.ts";
import { type Row, rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

const profileRows = rowsOf("RFC 9068", [
  {
    section: "2.1",
    level: "MUST",
    text: "typ is at+jwt",
    run: async (target) => same(headerOf(await sharedAccess(target)).typ, "at+jwt", "typ"),
  },
  {
    section: "2.1",
    level: "MUST",
    text: "The token is signed, and never by none",
    async run(target) {
      const token = await sharedAccess(target);
      must(/^(ES|RS|PS)/.test(String(headerOf(token).alg)), `alg is ${headerOf(token).alg}`);
      must((token.split(".")[2] ?? "").length > 40, "the signature is missing");
    },
  },
  ...["iss", "exp", "aud", "sub", "client_id", "iat", "jti"].map((name) => ({
    section: "2.2",
    level: "MUST" as const,
    text: `${name} is there`,
    async run(target: Target) {
      must(claimsOf(await sharedAccess(target))[name] !== undefined, `${name} is missing`);
    },
  })),
  {
    section: "2.2",
    level: "MUST",
    text: "iss is the issuer identifier, aud the resource, sub and client_id the agent that works on its own",
    async run(target) {
      const { iss, aud, sub, client_id } = claimsOf(await sharedAccess(target));
      const { id } = await target.actor("worker");
      same([iss, aud, sub, client_id], [target.issuer, target.need("own").uri, id, id], "iss, aud, sub, client_id");
    },
  },
  {
    section: "2.2",
    level: "MUST",
    text: "jti is another in every token",
    async run(target) {
      const [one, two] = [await ownAccess(target), await ownAccess(target)];
      must(claimsOf(one).jti !== claimsOf(two).jti, "two tokens share a jti");
    },
  },
  {
    section: "2.2.3",
    level: "SHOULD",
    text: "scope is there when scopes were asked for, and only those",
    run: async (target) => same(claimsOf(await sharedAccess(target)).scope, target.need("own").scopes[0], "scope"),
  },
  {
    section: "5",
    level: "MUST",
    text: "A person's subject and an agent's cannot be mistaken for each other",
    async run(target) {
      const { sub } = claimsOf(await sharedPersonAccess(target));
      must(!String(sub).startsWith("spiffe://"), `the person's sub is ${sub}`);
      must(String(claimsOf(await sharedAccess(target)).sub).startsWith("spiffe://"), "the agent's sub is no SPIFFE ID");
    },
  },
]);

const thumbprintRows = rowsOf("RFC 7638", [
  {
    section: "3",
    level: "MUST",
    text: "cnf.jkt is the SHA-256 thumbprint of the caller's key",
    async run(target) {
      const { crv, kty, x, y } = (await target.actor("worker")).key.jwk;
      const jkt = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
      same(claimsOf(await sharedAccess(target)).cnf, { jkt }, "cnf");
    },
  },
  {
    section: "3",
    level: "MUST",
    text: "Every kid that is published is the thumbprint of its key",
    by: "jose",
    async run(target) {
      const answer = await send("GET", text((await target.metadata()).jwks_uri, "jwks_uri"));
      const { keys } = answer.json as { keys: { kid: string; kty: string }[] };
      must(keys.length > 0, "there are no keys");
      for (const jwk of keys) same(jwk.kid, await calculateJwkThumbprint(jwk), "kid");
    },
  },
]);

const subjectRows = rowsOf("RFC 9493", [
  {
    section: "3.2.3",
    level: "MUST",
    text: "sub_id of format iss_sub holds iss and sub, both texts, where a resource asks for it",
    async run(target) {
      const named = target.need("named");
      const form = [...exchange("id", await target.need("person")()), ...wanting(named)];
      const { sub_id: id } = claimsOf(tokenIn(await target.ask("token", await target.actor("opener"), form)));
      const { format, iss, sub, ...more } = id as Record<string, unknown>;
      same([format, more], ["iss_sub", {}], "format, and what else there is");
      text(iss, "iss");
      text(sub, "sub");
    },
  },
]);

export const accessTokenRows: readonly Row[] = [...profileRows, ...thumbprintRows, ...subjectRows];
