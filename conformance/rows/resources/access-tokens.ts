import { claimsOf, forge, headerOf, testKey, withClaims, withHeader } from "../../../test/kit/wire/key.ts";
import { must, same } from "../../expect.ts";
import { ownAccess, sharedAccess } from "../../flows.ts";
import { guardOf, show } from "../../guard.ts";
import { rowsOf } from "../../row.ts";
import type { Target } from "../../target.ts";

/** Shows a token to the guard of `own`; whether it was let in. */
async function letIn(target: Target, token: string, resource = target.need("own").uri): Promise<boolean> {
  const guard = await guardOf(target, { resource });
  const evaluated = await show({ guard, actor: await target.actor("worker"), token, resource });
  if (evaluated.ok) return true;
  const { status, body } = evaluated.error.reply;
  must(status === 401 && body.includes('"invalid_token"'), `answered ${status} ${body}`);
  return false;
}
const refusedAll = async (target: Target, ...tokens: readonly string[]) => {
  must(await letIn(target, await sharedAccess(target)), "not even a good token was let in");
  for (const token of tokens) must(!(await letIn(target, token)), `this was let in: ${token.slice(0, 200)}`);
};

/** What RFC 9068 demands of a resource. */
export const accessTokenAtResourceRows = rowsOf("RFC 9068", [
  {
    section: "2.1",
    level: "MUST",
    text: "RS256 is supported, at the issuer and at the guard",
    async run(target) {
      const rsa = target.need("rsa");
      const token = await ownAccess(target, rsa);
      same(headerOf(token).alg, "RS256", "alg");
      must(await letIn(target, token, rsa.uri), "the guard refused it");
    },
  },
  {
    section: "4",
    level: "MUST",
    text: "A resource refuses another typ, whatever else is right",
    async run(target) {
      const token = await sharedAccess(target);
      const header = headerOf(token);
      const { typ: _, ...untyped } = header;
      await refusedAll(target, withHeader(token, { ...header, typ: "JWT" }), withHeader(token, untyped));
    },
  },
  {
    section: "4",
    level: "MUST",
    text: "A resource refuses another issuer's token and one for another resource",
    async run(target) {
      const token = await sharedAccess(target);
      const [claims, header, key] = [claimsOf(token), headerOf(token), await testKey()];
      const foreign = { ...claims, iss: "https://other.example" };
      const others = [{ ...claims, aud: "https://other.example" }, foreign].flatMap((each) => [
        withClaims(token, each),
      ]);
      await refusedAll(target, ...others, forge(key, header, foreign));
      if (target.ground.other)
        must(
          !(await letIn(target, await ownAccess(target, target.ground.other))),
          "another resource's token was let in",
        );
    },
  },
  {
    section: "4",
    level: "MUST",
    text: "A resource refuses none, another algorithm under the same kid, and keys from the message",
    async run(target) {
      const token = await sharedAccess(target);
      const [claims, header, key] = [claimsOf(token), headerOf(token), await testKey()];
      await refusedAll(
        target,
        `${withHeader(token, { ...header, alg: "none" })
          .split(".")
          .slice(0, 2)
          .join(".")}.`,
        withHeader(token, { ...header, alg: "HS256" }),
        forge(key, header, claims),
        forge(key, { ...header, jwk: key.jwk }, claims),
        forge(key, { typ: "at+jwt", jku: "https://attacker.example/jwks", kid: key.jkt }, claims),
      );
    },
  },
  {
    section: "4",
    level: "MUST",
    text: "A resource refuses a token whose end or whose scope was changed",
    async run(target) {
      const token = await sharedAccess(target);
      const claims = claimsOf(token);
      await refusedAll(
        target,
        withClaims(token, { ...claims, exp: Number(claims.exp) + 60 }),
        withClaims(token, { ...claims, scope: "admin" }),
      );
    },
  },
]);
