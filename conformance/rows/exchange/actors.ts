import { exchange } from "../../../test/kit/wire/forms.ts";
import { claimsOf } from "../../../test/kit/wire/key.ts";
import { must, object, refused, same } from "../../expect.ts";
import { handOn, hop, personSession, sharedPersonAccess, sharedPersonSession, tokenIn, wanting } from "../../flows.ts";
import { rowsOf } from "../../row.ts";

/** The claims that say who acts for whom (RFC 8693 4). */
export const actorRows = rowsOf("RFC 8693", [
  {
    section: "4.1",
    level: "MUST",
    text: "Delegation is told by act: sub stays the person, act.sub is the agent",
    async run(target) {
      const [token, opener] = [await sharedPersonAccess(target), await target.actor("opener")];
      const { sub, act, client_id } = claimsOf(token);
      same(act, { sub: opener.id }, "act");
      must(sub !== opener.id && client_id === opener.id, `sub is ${sub}, client_id ${client_id}`);
    },
  },
  {
    section: "4.1",
    level: "MUST",
    text: "The outermost act is the current actor; whoever acted before is nested below it",
    async run(target) {
      const { opener, session } = await personSession(target);
      const { helper, redeem } = await handOn(target, session);
      const child = claimsOf(tokenIn(await redeem()));
      same(child.act, { sub: helper.id, act: { sub: opener.id } }, "act");
      same(child.sub, claimsOf(session).sub, "sub");
    },
  },
  {
    section: "4.1",
    level: "MUST",
    text: "act says who, and nothing that would be a permission: no exp, nbf or aud inside",
    async run(target) {
      const presented = await sharedPersonAccess(target);
      let act: unknown = claimsOf(tokenIn(await hop(target, presented))).act;
      while (act !== undefined) {
        const { act: inner, ...said } = object(act, "act");
        same(Object.keys(said), ["sub"], "the members of act");
        act = inner;
      }
    },
  },
  {
    section: "4.1",
    level: "MUST",
    text: "A prior actor's place in act gives it nothing: it cannot use the token that names it",
    async run(target) {
      const { opener, session } = await personSession(target);
      const { redeem } = await handOn(target, session);
      const token = tokenIn(await redeem());
      const kind = claimsOf(token).aud === target.issuer ? "session" : "access";
      const form = [...exchange(kind, token), ...wanting(target.need("lent"))];
      refused(await target.ask("token", opener, form), 400, "invalid_request");
    },
  },
  {
    section: "4.3",
    level: "MUST",
    text: "client_id names the client the token was issued to",
    async run(target) {
      const { opener } = await sharedPersonSession(target);
      same(claimsOf(await sharedPersonAccess(target)).client_id, opener.id, "client_id");
    },
  },
]);
