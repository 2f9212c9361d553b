import { asOfferTo, exchange } from "../../../test/kit/wire/forms.ts";
import { claimsOf } from "../../../test/kit/wire/key.ts";
import { granted, must, refused, same } from "../../expect.ts";
import { handOn, hop, personSession, sharedPersonAccess, sharedPersonSession, tokenIn, wanting } from "../../flows.ts";
import { rowsOf } from "../../row.ts";

/** "Who may do what" of the architecture: offers and next hops. */
export const handingOnRows = rowsOf("Lanyard authority", [
  {
    section: "offers",
    level: "MUST",
    text: "An offer is redeemed by the agent it names and by nobody else, the one who made it included",
    async run(target) {
      const { session, opener } = await personSession(target);
      const { offer, redeem } = await handOn(target, session);
      for (const actor of [opener, await target.actor("stranger")])
        refused(await target.ask("token", actor, exchange("offer", offer)), 400, "invalid_request");
      granted(await redeem());
    },
  },
  {
    section: "offers",
    level: "MUST",
    text: "An offer redeemed again by the same agent and key is the same session, by another key none",
    async run(target) {
      const { session } = await personSession(target);
      const { offer, redeem } = await handOn(target, session);
      const sids = [];
      for (let time = 0; time < 2; time++) sids.push(claimsOf(tokenIn(await redeem())).sid);
      same(sids[0], sids[1], "the session");
      refused(
        await target.ask("token", await target.fresh("helper"), exchange("offer", offer)),
        400,
        "invalid_request",
      );
    },
  },
  {
    section: "offers",
    level: "MUST",
    text: "An offer names its scopes, and never more than the session has",
    async run(target) {
      const [{ opener, session }, helper] = [await sharedPersonSession(target), await target.actor("helper")];
      const form = [...exchange("session", session), ...asOfferTo(helper.id)];
      const lent = target.need("lent");
      const bare = await target.ask("token", opener, [...form, ["resource", lent.uri]]);
      refused(bare, 400, "invalid_scope");
      const wide = await target.ask("token", opener, [...form, ...wanting(target.need("own"))]);
      refused(wide, 400, "invalid_scope");
    },
  },
  {
    section: "offers",
    level: "MUST",
    text: "A child is told by its place: the parent's root, one deeper, the ids between",
    async run(target) {
      const { session } = await personSession(target);
      const child = claimsOf(tokenIn(await (await handOn(target, session)).redeem()));
      const parent = claimsOf(session);
      same([child.root, child.depth], [parent.root, Number(parent.depth) + 1], "root and depth");
      must(child.sid !== parent.sid && /^[\w-]{22}$/.test(String(child.sid)), `sid is ${child.sid}`);
    },
  },
  {
    section: "next hop",
    level: "MUST",
    text: "The agent that serves a token's audience may use it for the next hop; nobody else may",
    async run(target) {
      const presented = await sharedPersonAccess(target);
      granted(await hop(target, presented));
      const form = [...exchange("access", presented), ...wanting(target.need("onward"))];
      for (const part of ["stranger", "helper"] as const)
        refused(await target.ask("token", await target.actor(part), form), 400, "invalid_request");
    },
  },
  {
    section: "next hop",
    level: "MUST",
    text: "The next hop is what the registry says the token entails, and nothing beside it",
    async run(target) {
      const presented = await sharedPersonAccess(target);
      const form = [...exchange("access", presented), ...wanting(target.need("lent"))];
      refused(await target.ask("token", await target.actor("server"), form), 400, "invalid_scope");
    },
  },
  {
    section: "next hop",
    level: "MUST",
    text: "A detail that no entailment carries over refuses the hop",
    async run(target) {
      const { granted: details } = target.need("details");
      const [opener, person] = [await target.actor("opener"), await target.need("person")()];
      const form = [...exchange("id", person), ...wanting(target.need("lent"))];
      const restricted = [...form, ["authorization_details", JSON.stringify([details])] as const];
      const presented = tokenIn(await target.ask("token", opener, restricted));
      refused(await hop(target, presented), 400, "invalid_authorization_details");
    },
  },
]);
