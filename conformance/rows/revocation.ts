import { exchange, formBody } from "../../test/kit/wire/forms.ts";
import { testKey } from "../../test/kit/wire/key.ts";
import { granted, refused, same } from "../expect.ts";
import { introspected, ownAccess, ownSession, tokenIn, wanting } from "../flows.ts";
import { rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

const dead = { active: false };

const revoke = async (
  target: Target,
  part: "worker" | "stranger",
  token: string,
  more: readonly [string, string][] = [],
) => target.ask("revocation", await target.actor(part), [["token", token], ...more]);

export const revocationRows = rowsOf("RFC 7009", [
  {
    section: "2.1",
    level: "MUST",
    text: "The caller is authenticated: an anonymous revocation ends nothing",
    async run(target) {
      const token = await ownAccess(target);
      const url = await target.endpoint("revocation");
      const answer = await target.wire.post(url, formBody([["token", token]]), { key: await testKey() });
      refused(answer, 401, "invalid_client");
      same((await introspected(target, token)).active, true, "active");
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "A client revokes its own tokens alone: somebody else's is refused and lives on",
    async run(target) {
      const token = await ownAccess(target);
      const answer = await revoke(target, "stranger", token);
      refused(answer, 403, "access_denied");
      same((await introspected(target, token)).active, true, "active");
    },
  },
  {
    section: "2.2",
    level: "MUST",
    text: "200 says it is over; the token is dead by then",
    async run(target) {
      const token = await ownAccess(target);
      same((await revoke(target, "worker", token)).status, 200, "status");
      same(await introspected(target, token), dead, "introspection");
    },
  },
  {
    section: "2.2",
    level: "MUST",
    text: "A token that is not valid, or revoked already, is answered 200",
    async run(target) {
      const token = await ownAccess(target);
      for (const each of ["x", "aaa.bbb.ccc", token, token])
        same((await revoke(target, "worker", each)).status, 200, "status");
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "A token_type_hint that is wrong or unknown does not keep the token alive",
    async run(target) {
      for (const hint of ["refresh_token", "unheard-of"]) {
        const token = await ownAccess(target);
        granted(await revoke(target, "worker", token, [["token_type_hint", hint]]));
        same(await introspected(target, token), dead, "introspection");
      }
    },
  },
  {
    section: "2.1",
    level: "SHOULD",
    text: "Revoking a grant ends every token of it: the session's token takes its access tokens along",
    async run(target) {
      const session = await ownSession(target);
      const worker = await target.actor("worker");
      const form = [...exchange("session", session), ...wanting(target.need("own"))];
      const token = tokenIn(await target.ask("token", worker, form));
      granted(await revoke(target, "worker", session));
      same(await introspected(target, token), dead, "introspection");
    },
  },
  {
    section: "2.2.1",
    level: "MUST",
    text: "A kind of token that cannot be revoked is unsupported_token_type",
    async run(target) {
      const { identity } = await target.actor("worker");
      refused(await revoke(target, "worker", identity), 400, "unsupported_token_type");
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "token is required",
    async run(target) {
      refused(await target.ask("revocation", await target.actor("worker"), []), 400, "invalid_request");
    },
  },
]);
