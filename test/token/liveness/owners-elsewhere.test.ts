import { beforeEach, describe, expect, it } from "vitest";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import { personId } from "../../../core/model/person-id.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { accessTokenType, idTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import * as aws from "../../credentials/ground.ts";
import * as gateways from "../../decide/ground.ts";
import { agentId, customers, idp, inBase, tickets } from "../../kit/registry.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const daySeconds = 86_400;
const olga = personId(idp, "olga");
const owned = (row: AgentRegistration): AgentRegistration => ({
  ...row,
  owner: { issuer: idp, sub: "olga" },
  ownerConfirmedDays: 1,
});
const among = (rows: readonly Registration[], name: string): AgentRegistration => {
  const row = rows.find((one): one is AgentRegistration => one.kind === "agent" && one.name === name);
  return row ?? inBase("agent", name);
};

/** How the owner is lost, and the code that says so where a code is said. */
const ways: readonly (readonly [string, string, (world: World<Tokens>) => void])[] = [
  ["is blocked", "blocked", ({ store }) => void store.epochs.set(`principal:${olga}`, { epoch: 1, blocked: true })],
  [
    "is past its time",
    "owner_unconfirmed",
    ({ store, time }) => void store.confirmations.set(olga, time.seconds - daySeconds),
  ],
];

describe.each(ways)("threat 53: where an owner %s", (_, code, lose) => {
  describe("AWS credentials", () => {
    aws.setUp(owned(among(aws.rows, "planner")));

    it("of a living session are refused", async () => {
      aws.world.store.confirmations.set(olga, aws.world.time.seconds);
      const session = await aws.openSession(aws.planner);
      expect((await aws.vend(aws.planner, session)).status).toBe(200);
      lose(aws.world);
      expect((await aws.vend(aws.planner, session)).status).toBe(403);
      expect(aws.lastDenial()).toBe(code);
    });
  });

  describe("a gateway's question", () => {
    beforeEach(() => gateways.begin(owned(inBase("agent", "planner"))));

    it("about a session of the chain is answered with no, and the record says why", async () => {
      gateways.world.store.confirmations.set(olga, gateways.world.time.seconds);
      const { sid } = await gateways.session();
      expect((await gateways.ask(gateways.question(sid))).text).toBe(gateways.yes);
      lose(gateways.world);
      expect((await gateways.ask(gateways.question(sid))).text).toBe(gateways.no);
      expect(JSON.stringify(gateways.lastRecord())).toContain(`principal:${olga}`);
      expect((await gateways.askAs(gateways.gatewayRole, gateways.question(sid))).text).toBe(gateways.no);
    });
  });

  describe("a session", () => {
    let world: World<Tokens>;
    const start = async (...names: readonly string[]) => {
      const hopping = {
        ...inBase("agent", "ticket-api"),
        may: [...inBase("agent", "ticket-api").may, { resource: tickets, scopes: ["tickets:read"] }],
      };
      const rows = [{ ...inBase("agent", "planner"), maxLifetimeSeconds: 7_200 }, hopping];
      world = await createWorld(
        rows.map((row) => (names.includes(row.name) ? owned(row) : row)),
        tokens,
      );
      world.store.confirmations.set(olga, world.time.seconds);
      const [planner, tickApi] = await Promise.all([world.newAgent("planner"), world.newAgent("ticket-api")]);
      const asked = { resource: [tickets, customers], scope: "tickets:read customers:read", lifetime_seconds: "900" };
      const wanted = { ...asked, requested_token_type: sessionTokenType };
      const { body } = await world.exchange(planner, world.idToken("planner-app"), idTokenType, wanted);
      return { planner, tickApi, session: body.access_token as string };
    };

    it("is not renewed", async () => {
      const { planner, session } = await start("planner");
      const renew = () =>
        world.exchange(planner, session, sessionTokenType, {
          requested_token_type: sessionTokenType,
          lifetime_seconds: "1800",
        });
      expect((await renew()).status).toBe(200);
      lose(world);
      expect((await renew()).status).toBe(403);
      expect(world.takeDenial().own?.denial.code).toBe(code);
    });

    it.each(["planner", "ticket-api"])("hops no further, whether %s is the owner's", async (whose) => {
      const { planner, tickApi, session } = await start(whose);
      const access = async () => {
        const asked = { resource: tickets, scope: "tickets:read" };
        return (await world.exchange(planner, session, sessionTokenType, asked)).body.access_token as string;
      };
      const tokens = [await access(), await access()];
      const hop = (token = "") =>
        world.exchange(tickApi, token, accessTokenType, {
          resource: customers,
          scope: "customers:read",
          requested_token_type: sessionTokenType,
        });
      expect((await hop(tokens[0])).status).toBe(200);
      lose(world);
      expect((await hop(tokens[1])).status).toBe(403);
      expect(world.takeDenial().own?.denial).toMatchObject({ code, owns: agentId(whose) });
    });
  });
});
