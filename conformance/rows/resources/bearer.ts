import { outcomeOf } from "../../../test/kit/outcome.ts";
import { must, same } from "../../expect.ts";
import { ownAccess } from "../../flows.ts";
import { guardOf, show } from "../../guard.ts";
import { rowsOf } from "../../row.ts";
import type { Target } from "../../target.ts";

/** The guard of a resource that takes bearer tokens, and one such token. */
async function opened(target: Target) {
  const reach = target.need("bearer");
  const guard = await guardOf(target, { resource: reach.uri, acceptBearer: true, scopes: reach.scopes });
  const token = await target.once("bearer token", () => ownAccess(target, reach), 30);
  const actor = await target.actor("worker");
  const bear = (shown: string, more: object = {}) =>
    show({ guard, actor, token: shown, resource: reach.uri, scheme: "Bearer", unproved: true, ...more });
  return { guard, token, bear };
}
type Evaluated = Awaited<ReturnType<Awaited<ReturnType<typeof opened>>["bear"]>>;
const challengeIn = (evaluated: Evaluated): string =>
  evaluated.ok ? "" : (evaluated.error.reply.headers["WWW-Authenticate"] ?? "");

export const bearerRows = rowsOf("RFC 6750", [
  {
    section: "2.1",
    level: "MUST",
    text: "A bearer token is taken from the Authorization header",
    async run(target) {
      const { bear, token } = await opened(target);
      must((await bear(token)).ok, "it was refused");
    },
  },
  {
    section: "2.3",
    level: "SHOULD",
    text: "A bearer token in the address is not taken",
    async run(target) {
      const { guard, token, bear } = await opened(target);
      must((await bear(token)).ok, "it was refused in the header too");
      const url = `/?access_token=${token}`;
      const evaluated = await outcomeOf(guard.authenticate({ method: "GET", url, headers: {} }));
      same(evaluated.ok ? 200 : evaluated.error.reply.status, 401, "status");
    },
  },
  {
    section: "3",
    level: "MUST",
    text: "Where bearer tokens are taken, a refusal is challenged by the Bearer scheme, with a parameter, before any other",
    async run(target) {
      const { guard, token, bear } = await opened(target);
      must((await bear(token)).ok, "it was refused");
      const evaluated = await outcomeOf(guard.authenticate({ method: "GET", url: "/", headers: {} }));
      must(/^Bearer [a-z_]+="/.test(challengeIn(evaluated)), `it says ${challengeIn(evaluated)}`);
      must(!/error=/.test(challengeIn(evaluated)), "a request without a token is told an error");
    },
  },
  {
    section: "3.1",
    level: "SHOULD",
    text: "A token that is not valid is invalid_token by 401",
    async run(target) {
      const { token, bear } = await opened(target);
      const evaluated = await bear(`${token.slice(0, -8)}AAAAAAAA`);
      same(evaluated.ok ? 200 : evaluated.error.reply.status, 401, "status");
      must(/error="invalid_token"/.test(challengeIn(evaluated)), `it says ${challengeIn(evaluated)}`);
    },
  },
  {
    section: "3.1",
    level: "SHOULD",
    text: "A token without the scope is insufficient_scope by 403, with the scope it takes",
    async run(target) {
      const { token, bear } = await opened(target);
      const evaluated = await bear(token);
      const allowed = evaluated.ok ? await outcomeOf(() => evaluated.value.requires("conformance:more")) : evaluated;
      must(!allowed.ok, "it was allowed");
      const { status, headers } = allowed.error.reply;
      same(status, 403, "status");
      const challenge = headers["WWW-Authenticate"] ?? "";
      must(/error="insufficient_scope"/.test(challenge) && /scope="conformance:more"/.test(challenge), challenge);
    },
  },
]);
