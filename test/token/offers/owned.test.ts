import { beforeEach, describe, expect, it } from "vitest";
import { withheld } from "../../../core/audit/personal.ts";
import { erased, revealColumns } from "../../../core/audit/reveal.ts";
import { personId } from "../../../core/model/person-id.ts";
import { idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, idp, inBase, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const forTickets: Params = { resource: tickets, scope: "tickets:read" };
const owned = (name: string) => ({ ...inBase("agent", name), owner: { issuer: idp, sub: "olga" } });
const people = {
  ...inBase("trusted-issuer", "people"),
  groups: { claim: "groups", names: ["support"], absent: "none" },
} as const;
const olga = personId(idp, "olga");

let world: World<Tokens>;
let planner: TestAgent;
let researcher: TestAgent;
beforeEach(async () => {
  world = await createWorld([owned("researcher"), owned("planner"), people], tokens);
  planner = await world.newAgent("planner");
  researcher = await world.newAgent("researcher");
});

/** Makes an offer of a new session, of the researcher's own or of the planner's for ada. */
async function offered(by: TestAgent, to: string): Promise<string> {
  const asked = { ...forTickets, requested_token_type: sessionTokenType };
  const opened =
    by === researcher
      ? await world.send("token", by, { grant_type: "client_credentials", ...asked })
      : await world.exchange(by, world.idToken("planner-app"), idTokenType, asked);
  const target = { ...forTickets, audience: agentId(to), requested_token_type: offerTokenType };
  return (await world.exchange(by, opened.body.access_token, sessionTokenType, target)).body.access_token;
}
const redeem = (by: TestAgent, offer: string, params: Params = {}) => world.exchange(by, offer, offerTokenType, params);
const signsIn = () => world.exchange(planner, world.idToken("planner-app", { sub: "olga" }), idTokenType, forTickets);

describe("an offer whose agents a person owns", () => {
  it("is redeemed again by who lost the answer, though the owner has a key for the audit", async () => {
    const offer = await offered(researcher, "planner");
    await signsIn();
    expect([(await redeem(planner, offer)).status, (await redeem(planner, offer)).status]).toEqual([200, 200]);
  });

  it("makes no key for the owner, since nothing of its record is about that person", async () => {
    expect((await redeem(planner, await offered(researcher, "planner"))).status).toBe(200);
    expect(world.store.people.size).toBe(0);
  });

  it("has its record encrypted for who it is for, and not for the owner", async () => {
    const offer = await offered(planner, "researcher");
    await signsIn();
    for (const _ of ["first", "again"]) {
      expect((await redeem(researcher, offer, { purpose: "answer Frau Lovelace" })).status).toBe(200);
      const { metadata, unmapped } = JSON.parse(world.store.records.at(-1)?.body ?? "{}");
      const read = (person: string) =>
        revealColumns(unmapped.lanyard, metadata.uid, async () => world.store.people.get(person)?.key);
      expect((await read(personId(idp, "ada"))).purpose).toBe("answer Frau Lovelace");
      expect([erased, withheld]).toContain((await read(olga)).purpose);
    }
  });
});
