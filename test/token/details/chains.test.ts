import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agent, agentId, customers, declared, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import {
  admits,
  admitted,
  both,
  cast,
  customerPart,
  detailsOf,
  type Link,
  open,
  type Part,
  part,
  rows,
  sent,
  step,
  strange,
  take,
  ticketPart,
  universe,
} from "./model.ts";

describe("chains of real exchanges", () => {
  property.prop([fc.option(part, { nil: undefined }), fc.array(step, { minLength: 1, maxLength: 5 })], { numRuns: 60 })(
    "threat 7: no token of a chain ever admits more than any link before it asked for, through sessions, access tokens, offers, redemptions and hops",
    async (root, steps) => {
      const all = await cast();
      const opened = await open(all, root);
      if (opened.status !== 200) throw new Error(JSON.stringify(opened.body));
      let [token, holder]: [string, TestAgent] = [opened.body.access_token, all.planner];
      const links: Link[] = [{ token, asked: root ? [root] : [] }];
      for (const next of steps) {
        const taken = await take(all, holder, token, next);
        if (!taken) continue;
        links.push({ token: taken.token, asked: taken.asked });
        if (taken.atCustomers) break; // entailments are not transitive: nothing goes on from there
        [token, holder] = [taken.token, taken.holder];
      }
      for (const [i, link] of links.entries())
        for (const point of universe) {
          const soFar = links.slice(0, i + 1).flatMap((one) => one.asked);
          // both ways: all links' constraints hold, and none that nobody set
          expect(admits(link.token, point)).toBe(soFar.every((one) => admitted(one, point)));
        }
    },
  );

  property.prop([part, strange, step], { numRuns: 40 })(
    "threat 7: what the type does not understand is refused at every step, whatever stands above it",
    async (root, odd, next) => {
      const all = await cast();
      const opened = await open(all, root);
      expect((await open(all, odd as Part)).body.error).toBe("invalid_authorization_details");
      const refused = await take(all, all.planner, opened.body.access_token, { ...next, own: odd as Part });
      expect(refused).toBeUndefined();
    },
  );
});

describe("a detail that was set", () => {
  const ada: Part = { who: ["ada"], records: 5 };

  property("is in the answer, in the token and in what introspection says, in one spelling", async () => {
    const all = await cast();
    const opened = await open(all, { folder: "/a//b/", until: "2026-11-24T14:00:00+04:00" });
    const details = [{ type: "ticket-part", folder: "/a/b", until: "2026-11-24T10:00:00.000Z" }];
    expect(opened.body.authorization_details).toEqual(details);
    expect(detailsOf(opened.body.access_token)).toEqual(details);
    const seen = await all.world.send("introspect", all.server, { token: opened.body.access_token });
    expect(seen.body).toMatchObject({ active: true, authorization_details: details });
  });

  property(
    "threat 7: stays when the type's schema changes to one that no longer takes it: nothing is issued",
    async () => {
      const all = await cast();
      const opened = await open(all, ada);
      const stricter = declared({ who: { type: "array", items: { type: "string" } } }, { who: "one_of" });
      all.world.publish(2, ...rows, { ...ticketPart, ...stricter });
      const again = await all.world.exchange(all.planner, opened.body.access_token, accessTokenType, {});
      expect([again.status, again.body.error]).toEqual([400, "invalid_authorization_details"]);
      all.world.publish(3, ...rows.slice(1));
      const withdrawn = await all.world.exchange(all.planner, opened.body.access_token, accessTokenType, {});
      expect([withdrawn.status, withdrawn.body.error]).toEqual([400, "invalid_authorization_details"]);
    },
  );

  property("threat 7: is not pushed out by another that carries over to the same type", async () => {
    const second = { ...ticketPart, name: "ticket-owner" };
    const map = { ...rows[4], details: { "ticket-part": "customer-part", "ticket-owner": "customer-part" } };
    const all = await cast(second, map);
    const two = async (a: Part, b: Part) => {
      const opened = await all.world.exchange(all.planner, all.world.idToken("planner-app"), idTokenType, {
        resource: tickets,
        scope: "tickets:read",
        authorization_details: JSON.stringify([
          { type: "ticket-part", ...a },
          { type: "ticket-owner", ...b },
        ]),
      });
      const hop = { resource: customers, scope: "customers:read" };
      return all.world.exchange(all.server, opened.body.access_token, accessTokenType, hop);
    };
    const narrow = { who: ["ada"] };
    const wide = { who: ["ada", "bob"] };
    for (const [a, b] of [
      [narrow, wide],
      [wide, narrow],
    ] as const)
      expect(detailsOf((await two(a, b)).body.access_token)).toEqual([{ type: "customer-part", who: ["ada"] }]);
    const apart = await two({ who: ["ada"] }, { who: ["bob"] });
    expect([apart.status, apart.body.error]).toEqual([400, "invalid_authorization_details"]);
  });

  property("cannot make a token larger than any verifier reads", async () => {
    const all = await cast();
    const list = (n: number) => Array.from({ length: n }, (_, i) => `customer-${String(i).padStart(30, "0")}`);
    expect((await open(all, { who: list(50), not: list(25) })).status).toBe(200);
    const large = await open(all, { who: list(80), not: list(50) });
    expect([large.status, large.body.error]).toEqual([400, "invalid_authorization_details"]);
  });
});

describe("a narrowed access token, presented by its own agent", () => {
  const narrowed = async (params: Record<string, string>) => {
    const all = await cast();
    const { world, planner } = all;
    const whole = { resource: tickets, scope: "tickets:read tickets:write" };
    const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, whole);
    const token = (await world.exchange(planner, opened.body.access_token, accessTokenType, params)).body.access_token;
    const ask = (subject: string, more: Record<string, string>) =>
      world.exchange(planner, subject, accessTokenType, more);
    return { token: token as string, opened: opened.body.access_token as string, ask };
  };

  property("threat 7: opens no scope of its session that it does not carry, as a token or as an offer", async () => {
    const { token, opened, ask } = await narrowed({ scope: "tickets:read" });
    expect((await ask(token, {})).body.scope).toBe("tickets:read");
    expect((await ask(token, { scope: "tickets:write" })).body.error).toBe("invalid_scope");
    const offer = { audience: agentId("triage"), requested_token_type: offerTokenType, resource: tickets };
    expect((await ask(token, { ...offer, scope: "tickets:write" })).body.error).toBe("invalid_scope");
    expect((await ask(token, { ...offer, scope: "tickets:read" })).status).toBe(200);
    expect((await ask(opened, { scope: "tickets:write" })).status).toBe(200);
  });

  property("threat 7: is not renewed into a session token, which would stand for all of the session", async () => {
    const renewal = { requested_token_type: sessionTokenType, lifetime_seconds: "900" };
    const detail = sent("ticket-part", { who: ["ada"] }) ?? "";
    for (const params of [{ scope: "tickets:read" }, { authorization_details: detail }]) {
      const { token, opened, ask } = await narrowed(params);
      expect((await ask(token, renewal)).body.error).toBe("invalid_request");
      expect((await ask(opened, renewal)).status).toBe(200);
    }
  });
});

describe("a registration that requires details", () => {
  const wanted = { ...ticketPart, requiredFor: ["tickets:read"] };

  property("threat 7: refuses its scopes bare, at opening, and names scope and type", async () => {
    const all = await cast(wanted);
    const bare = await open(all, undefined);
    expect([bare.status, bare.body.error]).toEqual([400, "invalid_authorization_details"]);
    expect(bare.body.error_description).toContain(
      "tickets:read is granted only with authorization details of type ticket-part",
    );
    expect((await open(all, { who: ["ada"] })).status).toBe(200);
    expect(all.world.store.sessions.size).toBe(1);
  });

  property("threat 7: stops sessions that hold its scopes bare since before, at their next request", async () => {
    const all = await cast();
    const opened = await open(all, undefined);
    all.world.publish(2, ...rows, wanted);
    const bare = await all.world.exchange(all.planner, opened.body.access_token, accessTokenType, {});
    expect([bare.status, bare.body.error]).toEqual([400, "invalid_authorization_details"]);
    const restricted = await all.world.exchange(all.planner, opened.body.access_token, accessTokenType, {
      authorization_details: sent("ticket-part", { who: ["ada"] }),
    });
    expect(detailsOf(restricted.body.access_token)).toEqual([{ type: "ticket-part", who: ["ada"] }]);
  });

  property("threat 7: keeps an agent from holding anything bare, already when it is offered to it", async () => {
    const all = await cast(agent("researcher", { may: both, requiresDetails: true }));
    const { body } = await open(all, undefined);
    const refused = await take(all, all.planner, body.access_token, { kind: "offer" });
    expect(refused).toBeUndefined();
    expect(all.world.store.sessions.size).toBe(1);
    const taken = await take(all, all.planner, body.access_token, { kind: "offer", own: { records: 5 } });
    expect(detailsOf(taken?.token ?? "")).toEqual([{ type: "ticket-part", records: 5 }]);
  });

  property("threat 7: asks for them at the next hop too", async () => {
    const all = await cast({ ...customerPart, requiredFor: ["customers:read"] });
    const { body } = await open(all, undefined);
    expect(await take(all, all.planner, body.access_token, { kind: "hop" })).toBeUndefined();
    const hop = await take(all, all.planner, body.access_token, { kind: "hop", own: { who: ["ada"] } });
    expect(detailsOf(hop?.token ?? "")).toEqual([{ type: "customer-part", who: ["ada"] }]);
  });
});
