import { fc } from "@fast-check/vitest";
import { expect } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { accessTokenType, idTokenType, offerTokenType } from "../../../core/model/wire.ts";
import { createDetailsCheck } from "../../../core/verify/permits.ts";
import { agent, customers, declared, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

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

export const ticketPart = { kind: "details-type", name: "ticket-part", resource: tickets, ...shape } as const;
export const customerPart = { kind: "details-type", name: "customer-part", resource: customers, ...shape } as const;

export const both = [
  { resource: tickets, scopes: ["tickets:read"] },
  { resource: customers, scopes: ["customers:read"] },
];

export const rows = [
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

export interface Part {
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

export const admitted = (part: Part, point: Point): boolean =>
  (part.who === undefined || part.who.includes(point.who)) &&
  (part.not === undefined || !part.not.includes(point.who)) &&
  (part.records === undefined || point.records <= part.records) &&
  (part.folder === undefined || folderOf(part.folder).every((name, i) => point.folder[i] === name)) &&
  (part.until === undefined || 12 + point.until < hour(part.until));

const folderOf = (text: string) => text.split("/").filter((name) => name !== "" && name !== ".");
const people = ["ada", "bob", "eve"];
const folders = [[], ["a"], ["ab"], ["a", "b"], ["a", "b", "c"]];

export const universe: readonly Point[] = people.flatMap((who) =>
  [0, 5, 9].flatMap((records) =>
    folders.flatMap((folder) => [-3, 0, 3].map((until) => ({ who, records, folder, until }))),
  ),
);

export const part: fc.Arbitrary<Part> = fc.record(
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
export const strange = fc.constantFrom(
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

export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("access" as const), own }),
  fc.record({ kind: fc.constant("offer" as const), own, redeem: own }),
  fc.record({ kind: fc.constant("hop" as const), own }),
) as fc.Arbitrary<Step>;

export const detailsOf = (token: string): readonly Record<string, unknown>[] =>
  (decodeUnverified(token)?.payload.authorization_details ?? []) as Record<string, unknown>[];

export const sent = (type: string, own: Part | undefined): string | undefined =>
  own === undefined ? undefined : JSON.stringify([{ type, ...own }]);

interface Cast {
  readonly world: World<Tokens>;
  readonly planner: TestAgent;
  readonly researcher: TestAgent;
  readonly server: TestAgent;
}

export const cast = async (...more: readonly Registration[]): Promise<Cast> => {
  const replaced = (row: Registration) => more.some((other) => other.kind === row.kind && other.name === row.name);
  const world = await createWorld([...rows.filter((row) => !replaced(row)), ...more], tokens);
  const [planner, researcher, server] = await Promise.all([
    world.newAgent("planner"),
    world.newAgent("researcher"),
    world.newAgent("ticket-api"),
  ]);
  return { world, planner, researcher, server };
};

export const open = ({ world, planner }: Cast, root: Part | undefined) =>
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

export const admits = (token: string, point: Point): boolean =>
  check(detailsOf(token) as never, { "ticket-part": useOf(point), "customer-part": useOf(point) }).ok;

export interface Link {
  readonly token: string;
  readonly asked: readonly Part[];
}

/** Takes one step from an access token at the tickets; undefined when it was refused. */
export async function take(
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
