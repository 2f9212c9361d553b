import { exchange } from "../../../test/kit/wire/forms.ts";
import { claimsOf, testKey } from "../../../test/kit/wire/key.ts";
import { granted, must, refused, same } from "../../expect.ts";
import {
  handOn,
  hop,
  ownWork,
  personSession,
  sharedPersonSession,
  sharedSession,
  tokenIn,
  wanting,
  withLoginToDenylist,
} from "../../flows.ts";
import { rowsOf } from "../../row.ts";

/** "Who may do what" of the architecture: callers, people, narrowing. */
export const authorityRows = rowsOf("Lanyard authority", [
  {
    section: "callers",
    level: "MUST",
    text: "An identity token is nothing without its key, at every endpoint that asks for it",
    async run(target) {
      const thief = { ...(await target.actor("worker")), key: await testKey() };
      refused(await target.ask("token", thief, ownWork(target.need("own"))), 400, "invalid_dpop_proof");
      for (const name of ["introspection", "revocation"] as const)
        refused(await target.ask(name, thief, [["token", await sharedSession(target)]]), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "callers",
    level: "MUST",
    text: "A session token is nothing to another instance of its own agent",
    async run(target) {
      const other = await target.fresh("worker");
      const form = [...exchange("session", await sharedSession(target)), ...wanting(target.need("own"))];
      const answer = await target.ask("token", other, form);
      must(answer.status === 400 && answer.json.access_token === undefined, `answered ${answer.status}`);
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "A person's token opens a session for the agent whose client it was issued to, and for nobody else",
    async run(target) {
      const form = [...exchange("id", await target.need("person")()), ...wanting(target.need("lent"))];
      for (const part of ["stranger", "helper"] as const)
        refused(await target.ask("token", await target.actor(part), form), 400, "invalid_request");
      granted(await target.ask("token", await target.actor("opener"), form));
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "A person's token that was issued to another client opens nothing",
    async run(target) {
      const form = [...exchange("id", await target.need("foreignPerson")()), ...wanting(target.need("lent"))];
      refused(await target.ask("token", await target.actor("opener"), form), 400, "invalid_request");
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "Nobody lends what the registry does not say: scopes beyond it are refused by name, all or nothing",
    async run(target) {
      const [own, opener] = [target.need("own"), await target.actor("opener")];
      const form = [...exchange("id", await target.need("person")()), ...wanting(own)];
      const answer = await target.ask("token", opener, form);
      refused(answer, 400, "invalid_scope");
      must(String(answer.json.error_description).includes(own.scopes[0] ?? "?"), "the refusal does not name it");
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "Revoking a root session burns the person's token it was opened with, for that agent",
    run: (target) =>
      withLoginToDenylist(target, async ({ opener, person, denylist }) => {
        await denylist();
        const form = [...exchange("id", person), ...wanting(target.need("lent"))];
        refused(await target.ask("token", opener, form), 400, "invalid_request");
      }),
  },
  {
    section: "people",
    level: "MUST",
    text: "Revoking a root session ends every other root of its login, and the refusal asks for a new sign-in",
    run: (target) =>
      withLoginToDenylist(target, async ({ opener, person, denylist }) => {
        const form = [...exchange("id", person), ...wanting(target.need("lent"))];
        const sibling = tokenIn(await target.ask("token", opener, form));
        await denylist();
        const again = [...exchange("access", sibling), ...wanting(target.need("lent"))];
        refused(await target.ask("token", opener, again), 400, "invalid_request");
        const { json } = await target.ask("token", opener, form);
        must(json.max_age === 0, "the refusal does not ask for a new sign-in");
      }),
  },
  {
    section: "people",
    level: "MUST",
    text: "Ending one's own session burns nothing",
    async run(target) {
      const { opener, person, session } = await personSession(target);
      granted(await target.ask("revocation", opener, [["token", session]]));
      granted(await target.ask("token", opener, [...exchange("id", person), ...wanting(target.need("lent"))]));
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "An agent that exchanges a person's token delegates, never impersonates: the token always has act",
    async run(target) {
      const [opener, person] = [await target.actor("opener"), await target.need("person")()];
      const form = [...exchange("id", person), ...wanting(target.need("lent"))];
      const { act } = claimsOf(tokenIn(await target.ask("token", opener, form)));
      same(act, { sub: opener.id }, "act");
    },
  },
  {
    section: "narrowing",
    level: "MUST",
    text: "An exchange gives at most what its session has: more is invalid_scope, and names what was refused",
    async run(target) {
      const { lent, own } = { lent: target.need("lent"), own: target.need("own") };
      const [opener, person] = [await target.actor("opener"), await target.need("person")()];
      const opening = [...exchange("id", person), ...wanting(lent)];
      const token = tokenIn(await target.ask("token", opener, opening));
      const more = lent.scopes[1] ?? own.scopes[0] ?? "";
      const answer = await target.ask("token", opener, [...exchange("access", token), ...wanting(lent, more)]);
      refused(answer, 400, "invalid_scope");
      must(String(answer.json.error_description).includes(more), "the refusal does not name it");
    },
  },
  {
    section: "narrowing",
    level: "MUST",
    text: "Nothing outlives what it hangs below: an access token, a child, a hop",
    async run(target) {
      const { session } = await personSession(target, [["lifetime_seconds", "240"]]);
      const end = Number(claimsOf(session).exp);
      const { redeem } = await handOn(target, session);
      must(Number(claimsOf(tokenIn(await redeem())).exp) <= end, "the child lives longer");
      const { opener } = await sharedPersonSession(target);
      const form = [...exchange("session", session), ...wanting(target.need("lent"))];
      const token = tokenIn(await target.ask("token", opener, form));
      must(Number(claimsOf(token).exp) <= end, "the access token lives longer");
      if (target.ground.onward)
        must(Number(claimsOf(tokenIn(await hop(target, token))).exp) <= end, "the hop lives longer");
    },
  },
  {
    section: "narrowing",
    level: "MUST",
    text: "Details are inherited: leaving them out never lifts them",
    async run(target) {
      const { granted: details } = target.need("details");
      const more = [["authorization_details", JSON.stringify([details])]] as const;
      const { opener, session } = await personSession(target, more);
      const form = [...exchange("session", session), ...wanting(target.need("lent"))];
      const token = tokenIn(await target.ask("token", opener, form));
      same(claimsOf(token).authorization_details, [details], "the details");
    },
  },
]);
