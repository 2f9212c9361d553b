import { beforeEach, describe, expect, test } from "vitest";
import { AccessError } from "../../client/resource/access-error.ts";
import { outcomeOf } from "../kit/outcome.ts";
import { customers, registry, tickets } from "../kit/registry.ts";
import { createDeployment, type Deployment } from "./deployment.ts";

let cloud: Deployment;
beforeEach(async () => {
  cloud = await createDeployment();
});

const types = registry().detailsTypes(customers);

/** One call of the planner's to the customer API, as the API gets it. */
async function presented(details: readonly { type: string; [field: string]: unknown }[], more: object = {}) {
  const grants = [{ resource: customers, scopes: ["customers:read"], details }];
  const session = await cloud.agent("planner").open({ onBehalfOf: { idToken: cloud.idToken("planner-app") }, grants });
  const url = `${customers}/customers/42`;
  cloud.intercept.answer = (sent) => (sent.url === url ? new Response("ok") : undefined);
  await session.fetch(url, { resource: customers });
  cloud.intercept.answer = undefined;
  const headers = Object.fromEntries(cloud.sent.at(-1)?.headers ?? []);
  const caller = await outcomeOf(
    cloud.server(customers, more).authenticate({ method: "GET", url: "/customers/42", headers }),
  );
  if (!caller.ok) throw new Error(caller.error.refusal.code);
  return caller.value;
}
const customer = (id: string) => ({ "customer-record": { customers: id, maxRecords: 1, path: `/eu/${id}` } });
const restricted = [{ type: "customer-record", customers: ["42"], maxRecords: 5 }];

describe("a resource server that declares its details types", () => {
  test("admits what the agent was lent, and answers 403 to the next customer", async () => {
    const caller = await presented(restricted, { details: types });
    expect(caller.permits(customer("42"))).toBe(caller.access);
    const other = await outcomeOf(() => caller.permits(customer("43")));
    expect([caller.admits(customer("42")), caller.admits(customer("43"))]).toEqual([true, false]);
    expect(other).toMatchObject({
      ok: false,
      error: {
        refusal: { code: "details_forbid", type: "customer-record", field: "customers" },
        reply: { status: 403 },
      },
    });
    if (!other.ok) expect(JSON.parse(other.error.reply.body).error).toBe("insufficient_scope");
  });

  test("refuses a request that leaves out what the token restricts", async () => {
    const caller = await presented(restricted, { details: types });
    expect(() => caller.permits({})).toThrow(AccessError);
    expect(() => caller.permits({ "customer-record": { customers: "42" } })).toThrow(AccessError);
  });

  test("admits everything to a token without details, which only its registration can rule out", async () => {
    const caller = await presented([], { details: types });
    expect(caller.permits(customer("43"))).toBe(caller.access);
  });
});

test("a resource server names its details types in its metadata (RFC 9728 2), and no member where it has none", () => {
  const named = cloud.server(customers, { details: types }).metadata?.document;
  expect(named?.authorization_details_types_supported).toEqual(["customer-record"]);
  expect(cloud.server(customers).metadata?.document).not.toHaveProperty("authorization_details_types_supported");
});

describe("a resource server that declares none", () => {
  test("threat 40: refuses every restricted token, whatever its handlers ask", async () => {
    await expect(presented(restricted)).rejects.toThrow("details_forbid");
    await expect(presented(restricted, { details: [] })).rejects.toThrow("details_forbid");
    await expect(presented(restricted, { details: registry().detailsTypes(tickets) })).rejects.toThrow(
      "details_forbid",
    );
    const caller = await presented([]);
    expect(caller.requires("customers:read")).toBe(caller.access);
  });
});

test("a declaration that the registry would refuse stops the server from starting", () => {
  const loose = types.map((type) => ({ ...type, rules: {} }));
  expect(() => cloud.server(customers, { details: loose })).toThrow(TypeError);
});
