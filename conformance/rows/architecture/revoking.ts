import { exchange } from "../../../test/kit/wire/forms.ts";
import { claimsOf } from "../../../test/kit/wire/key.ts";
import { granted, refused, same } from "../../expect.ts";
import { handOn, introspected, ownWork, personSession, sharedPersonSession, tokenIn, wanting } from "../../flows.ts";
import { rowsOf } from "../../row.ts";

const dead = { active: false };

/** "Who may do what" of the architecture: how what was given ends. */
export const revokingRows = rowsOf("Lanyard authority", [
  {
    section: "revocation",
    level: "MUST",
    text: "A session dies with its parent: a child's access token is not active once the root is ended",
    async run(target) {
      const { opener, session } = await personSession(target);
      const { helper, redeem } = await handOn(target, session);
      const child = tokenIn(await redeem());
      const kind = claimsOf(child).aud === target.issuer ? "session" : "access";
      const form = [...exchange(kind, child), ...wanting(target.need("lent"))];
      const token = tokenIn(await target.ask("token", helper, form));
      same((await introspected(target, token)).active, true, "active before");
      granted(await target.ask("revocation", opener, [["token", session]]));
      same(await introspected(target, token), dead, "introspection");
      refused(await target.ask("token", helper, form), 400, "invalid_request");
    },
  },
  {
    section: "revocation",
    level: "MUST",
    text: "An agent ends no session above its own: a child cannot end its parent",
    async run(target) {
      const { session } = await personSession(target);
      const { helper } = await handOn(target, session);
      const answer = await target.ask("revocation", helper, [["token", session]]);
      refused(answer, 403, "access_denied");
      const { opener } = await sharedPersonSession(target);
      granted(await target.ask("token", opener, [...exchange("session", session), ...wanting(target.need("lent"))]));
    },
  },
  {
    section: "revocation",
    level: "MUST",
    text: "An offer that is withdrawn cannot be redeemed",
    async run(target) {
      const { opener, session } = await personSession(target);
      const { offer, redeem } = await handOn(target, session);
      granted(await target.ask("revocation", opener, [["token", offer]]));
      refused(await redeem(), 400, "invalid_request");
    },
  },
  {
    section: "revocation",
    level: "MUST",
    text: "Revoking an agent cuts what it has and blocks what is new, until the block is lifted",
    async run(target) {
      const operator = target.need("operator");
      const worker = await target.fresh("worker");
      const form = ownWork(target.need("own"));
      const token = tokenIn(await target.ask("token", worker, form));
      await operator.order({ revoke: { agent: worker.id }, reason: "conformance" });
      try {
        same(await introspected(target, token), dead, "introspection");
        refused(await target.ask("token", worker, form), 403, "access_denied");
      } finally {
        await operator.order({ lift: { agent: worker.id }, reason: "conformance" });
        target.forget("worker");
      }
      same(await introspected(target, token), dead, "introspection after the lift");
      granted(await target.ask("token", await target.actor("worker"), form));
    },
  },
]);
