import { expect, test } from "vitest";
import { personId } from "../../core/model/person-id.ts";
import { ownersOf } from "../../core/person/owner.ts";
import { agent, agentId, idp, registry } from "../kit/registry.ts";

const olga = { issuer: idp, sub: "olga" };

test("people who own agents of a chain are named once each, and texts, agents that are not registered, and neighbours are nobody", () => {
  const owned = registry(
    1,
    agent("first", { owner: olga }),
    agent("second", { owner: olga }),
    agent("third", { owner: "olga" }),
    agent("beside", { owner: { issuer: idp, sub: "otto" } }),
  );
  expect(ownersOf(["first", "second", "third", "gone"].map(agentId), owned)).toEqual([personId(idp, "olga")]);
});
