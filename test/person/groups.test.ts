import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { idTokenType } from "../../core/model/wire.ts";
import { groupsOfPerson } from "../../core/person/claims.ts";
import { idp, tickets } from "../kit/registry.ts";
import { tokens } from "../kit/world/tokens.ts";
import { createWorld } from "../kit/world/world.ts";

const issuer = (absent?: "refuse" | "none") => ({
  ...({ kind: "trusted-issuer", name: "people", purpose: "person", issuer: idp, algorithms: ["ES256"] } as const),
  groups: { claim: "groups", names: ["contractors", "Domain Users"], ...(absent ? { absent } : {}) },
});
const read = (claims: object, absent?: "refuse" | "none") =>
  groupsOfPerson(claims as Readonly<Record<string, unknown>>, issuer(absent));
const contractors = { ok: true, value: ["people/contractors"] };

describe("the groups of a person", () => {
  test.each([
    ["a list", ["contractors", "x"]],
    ["one text, as AD FS writes a list of one", "contractors"],
  ])("are read from %s", (_, groups) => expect(read({ groups })).toEqual(contractors));

  test("are none for whoever is in others, or by an empty list", () => {
    for (const groups of [["x"], [], "x"]) expect(read({ groups })).toEqual({ ok: true, value: [] });
  });

  test("with a blank in the name are one name", () => {
    expect(read({ groups: "Domain Users" })).toEqual({ ok: true, value: ["people/Domain Users"] });
  });

  test.each([
    ["distributed claims", { _claim_names: { groups: "src1" }, _claim_sources: { src1: {} } }],
    ["distributed claims beside some groups", { groups: ["x"], _claim_names: { groups: "src1" } }],
    ["distributed claims that cannot be read", { groups: ["x"], _claim_names: '{"groups":"src1"}' }],
    ["Entra's mark of the implicit flow", { hasgroups: true }],
    ["the same as a text", { groups: ["x"], hasgroups: "true" }],
    ["Entra's older mark", { "groups:src1": "https://graph.windows.net" }],
    ["a JSON text", { groups: '["contractors"]' }],
    ["names with commas between", { groups: "contractors,x" }],
    ["names with blanks between", { groups: "contractors x" }],
    ["objects", { groups: [{ id: "contractors" }] }],
    ["a list with something else in it", { groups: ["contractors", 7] }],
    ["a map", { groups: { contractors: true } }],
    ["truth", { groups: true }],
    ["a number", { groups: 7 }],
  ])("threat 39: are refused, and not taken for none, by %s", (_, claims) => {
    expect(read(claims).ok).toBe(false);
    expect(read(claims, "none").ok).toBe(false);
  });

  test.each([{}, { groups: null }])(
    "threat 39: that are not told are refused unless the registration says none: %j",
    (claims) => {
      expect(read(claims).ok).toBe(false);
      expect(read(claims, "refuse").ok).toBe(false);
      expect(read(claims, "none")).toEqual({ ok: true, value: [] });
    },
  );

  test("other distributed claims are no matter", () => {
    expect(read({ groups: ["contractors"], _claim_names: { address: "src1" } })).toEqual(contractors);
  });

  property.prop([fc.dictionary(fc.constantFrom("groups", "hasgroups", "_claim_names", "groups:src1"), fc.jsonValue())])(
    "threat 39: whoever is said to be a contractor is never read as one who is in no group",
    (claims) => {
      const answer = read(claims, "none");
      const said = JSON.stringify(claims).includes('"contractors"');
      if (said && answer.ok && !answer.value?.includes("people/contractors"))
        // said elsewhere than in the claim's own list
        expect(
          claims.groups === "contractors" || (Array.isArray(claims.groups) && claims.groups.includes("contractors")),
        ).toBe(false);
    },
  );

  test("threat 39: that are unknown open nothing, and the record says why", async () => {
    const world = await createWorld([issuer()], tokens);
    const planner = await world.newAgent("planner");
    const token = world.idToken("planner-app", { groups: undefined, _claim_names: { groups: "src1" } });
    const answer = await world.exchange(planner, token, idTokenType, { resource: tickets, scope: "tickets:read" });
    expect([answer.status, answer.body.error]).toEqual([400, "invalid_request"]);
    expect(answer.body.error_description).toContain("in which groups");
    expect(JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code).toBe("person_groups_unknown");
  });
});
