import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import type { Registration } from "../../core/model/registry.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { createDetailsCheck } from "../../core/verify/permits.ts";
import { agent, agentId, customers, declared, tickets } from "../kit/registry.ts";
import { createWorld, type TestAgent, type World } from "../kit/world.ts";

/** One type at each resource, with the same rules, so that the next hop carries one over to the other. */
const shape = declared(
  {
    who: { type: "array", items: { type: "string" } },
    not: { type: "array", items: { type: "string" } },
    records: { type: "integer" },
    folder: { type: "string" },
    until: { type: "string" },
  },
  { who: "one_of", not: "not", records: "max", folder: "path", until: "before" },
);
const ticketPart = { kind: "details-type", name: "ticket-part", resource: tickets, ...shape } as const;
const customerPart = { kind: "details-type", name: "customer-part", resource: customers, ...shape } as const;
const both = [
  { resource: tickets, scopes: ["tickets:read"] },
  { resource: customers, scopes: ["customers:read"] },
];
const rows = [
  ticketPart,
  customerPart,
  agent("researcher", { may: both }),
  agent("ticket-api", { may: both }),
  {
    kind: "entailment",
    name: "tickets-show-customers",
    agent: "ticket-api",
    from: { resource: tickets, scope: "tickets:read" },
    to: { resource: customers, scopes: ["customers:read"] },
    details: { "ticket-part": "customer-part" },
  },
] as const;

interface Part {
  who?: string[];
  not?: string[];
  records?: number;
  folder?: string;
  until?: string;
}

/** What one of these parts means for one concrete request: written here once more, without the product's rules. */
interface Point {
  readonly who: string;
  readonly records: number;
  readonly folder: readonly string[];
  readonly until: number;
}

const noon = Date.parse("2026-11-24T12:00:00Z");
const hour = (text: string) => Number(/T(\d\d)/.exec(text)?.[1]) - Number(/\+(\d\d)/.exec(text)?.[1] ?? 0);
const admitted = (part: Part, point: Point): boolean =>
  (part.who === undefined || part.who.includes(point.who)) &&
  (part.not === undefined || !part.not.includes(point.who)) &&
  (part.records === undefined || point.records <= part.records) &&
  (part.folder === undefined || folderOf(part.folder).every((name, i) => point.folder[i] === name)) &&
  (part.until === undefined || 12 + point.until < hour(part.until));
const folderOf = (text: string) => text.split("/").filter((name) => name !== "" && name !== ".");

const people = ["ada", "bob", "eve"];
const folders = [[], ["a"], ["ab"], ["a", "b"], ["a", "b", "c"]];
const universe: readonly Point[] = people.flatMap((who) =>
  [0, 5, 9].flatMap((records) =>
    folders.flatMap((folder) => [-3, 0, 3].map((until) => ({ who, records, folder, until }))),
  ),
);

const part: fc.Arbitrary<Part> = fc.record(
  {
    who: fc.uniqueArray(fc.constantFrom(...people), { minLength: 1 }),
    not: fc.uniqueArray(fc.constantFrom(...people), { minLength: 1 }),
    records: fc.constantFrom(0, 5, 9),
    folder: fc.constantFrom("/", "/a", "/a/", "/a//b", "/a/./b/c", "/ab"),
    until: fc.constantFrom("2026-11-24T10:00:00Z", "2026-11-24T13:00:00Z", "2026-11-24T14:00:00+04:00"),
  },
  { requiredKeys: [] },
);

/** What a request may also send: no field of the type, or a value no rule takes. */
const strange = fc.constantFrom(
  { everything: true },
  { who: "*" },
  { who: [] },
  { records: "9" },
  { folder: "/a/../.." },
  { folder: "/a%2f.." },
  { until: "2026-11-24" },
  { __proto__: { who: ["ada", "bob", "eve"] }, x: 1 },
);

type Step =
  | { readonly kind: "access"; readonly own?: Part }
  | { readonly kind: "offer"; readonly own?: Part; readonly redeem?: Part }
  | { readonly kind: "hop"; readonly own?: Part };
const own = fc.option(part, { nil: undefined });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("access" as const), own }),
  fc.record({ kind: fc.constant("offer" as const), own, redeem: own }),
  fc.record({ kind: fc.constant("hop" as const), own }),
) as fc.Arbitrary<Step>;

const detailsOf = (token: string): readonly Record<string, unknown>[] =>
  (decodeUnverified(token)?.payload.authorization_details ?? []) as Record<string, unknown>[];
const sent = (type: string, own: Part | undefined): string | undefined =>
  own === undefined ? undefined : JSON.stringify([{ type, ...own }]);

interface Cast {
  readonly world: World;
  readonly planner: TestAgent;
  readonly researcher: TestAgent;
  readonly server: TestAgent;
}

const cast = async (...more: readonly Registration[]): Promise<Cast> => {
  const replaced = (row: Registration) => more.some((other) => other.kind === row.kind && other.name === row.name);
  const world = await createWorld(...rows.filter((row) => !replaced(row)), ...more);
  const [planner, researcher, server] = await Promise.all([
    world.newAgent("planner"),
    world.newAgent("researcher"),
    world.newAgent("ticket-api"),
  ]);
  return { world, planner, researcher, server };
};

const open = ({ world, planner }: Cast, root: Part | undefined) =>
  world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    resource: tickets,
    scope: "tickets:read",
    authorization_details: sent("ticket-part", root),
  });

/** What an access token of either resource admits, asked as its resource server would. */
const check = createDetailsCheck([ticketPart, customerPart]);
const useOf = (point: Point) => {
  const until = new Date(noon + point.until * 3_600_000);
  return { who: point.who, not: point.who, records: point.records, folder: `/${point.folder.join("/")}`, until };
};
const admits = (token: string, point: Point): boolean =>
  check(detailsOf(token) as never, { "ticket-part": useOf(point), "customer-part": useOf(point) }).ok;

interface Link {
  readonly token: string;
  readonly asked: readonly Part[];
}

/** Takes one step from an access token at the tickets; undefined when it was refused. */
async function take(
  { world, planner, researcher, server }: Cast,
  holder: TestAgent,
  token: string,
  next: Step,
): Promise<{ token: string; holder: TestAgent; atCustomers: boolean; asked: readonly Part[] } | undefined> {
  const parts = (...some: readonly (Part | undefined)[]) => some.flatMap((one) => (one ? [one] : []));
  const exchange = async (
    who: TestAgent,
    subject: string,
    type: string,
    params: Record<string, string | undefined>,
  ) => {
    const answer = await world.exchange(who, subject, type, params);
    if (answer.status !== 200) expect(answer.body.error).toBe("invalid_authorization_details");
    return answer.status === 200 ? (answer.body.access_token as string) : undefined;
  };
  if (next.kind === "access") {
    const got = await exchange(holder, token, accessTokenType, {
      authorization_details: sent("ticket-part", next.own),
    });
    return got === undefined ? undefined : { token: got, holder, atCustomers: false, asked: parts(next.own) };
  }
  if (next.kind === "hop") {
    const got = await exchange(server, token, accessTokenType, {
      resource: customers,
      scope: "customers:read",
      authorization_details: sent("customer-part", next.own),
    });
    return got === undefined ? undefined : { token: got, holder: server, atCustomers: true, asked: parts(next.own) };
  }
  const to = holder === planner ? researcher : planner;
  const offer = await exchange(holder, token, accessTokenType, {
    audience: to.id,
    requested_token_type: offerTokenType,
    resource: tickets,
    scope: "tickets:read",
    authorization_details: sent("ticket-part", next.own),
  });
  if (offer === undefined) return undefined;
  const child = await exchange(to, offer, offerTokenType, { authorization_details: sent("ticket-part", next.redeem) });
  return child === undefined
    ? undefined
    : { token: child, holder: to, atCustomers: false, asked: parts(next.own, next.redeem) };
}

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
    expect((await open(all, { who: list(100), not: list(60) })).status).toBe(200);
    const large = await open(all, { who: list(150), not: list(100) });
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
