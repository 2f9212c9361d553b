import { beforeEach, describe, expect, test } from "vitest";
import { build, chain, login } from "./chain.ts";
import { createIssuer, type TestIssuer } from "./issuer.ts";

let world: TestIssuer;
beforeEach(async () => {
  world = await createIssuer();
});

describe("claims that do not fit each other are refused: an epoch held against another subject lets a cut pass", () => {
  test.each<[string, object, string]>([
    ["one epoch too few", { epochs: [0, 0, 0, 0] }, "epochs"],
    ["one epoch too many", { epochs: [0, 0, 0, 0, 0, 9] }, "epochs"],
    ["an epoch as text", { epochs: [0, 0, "9", 0, 0] }, "epochs"],
    ["an epoch that is infinite", { epochs: [0, 0, -1, 0, 0] }, "epochs"],
    ["epochs by name", { epochs: { deployment: 0 } }, "epochs"],
    ["no epochs beside others", { epochs: undefined }, "epochs"],
    ["null for epochs", { epochs: null }, "epochs"],
    ["a login that is none", { login: "l".repeat(22) }, "login"],
    ["a login of another length", { login: ["l"] }, "login"],
    ["three logins", { login: [login, login, login], epochs: [0, 0, 0, 0, 0, 0, 0] }, "login"],
    ["a build without its epoch", { others: [["b".repeat(22)]] }, "others"],
    ["a build by its digest", { others: [[build, 0]] }, "others"],
    ["others that are no list", { others: {} }, "others"],
    [
      "more builds and owners than agents can have",
      { others: Array.from({ length: 131 }, () => ["b".repeat(22), 0]) },
      "others",
    ],
  ])("%s", async (_, more, claim) => {
    const verified = await world.verifier().verify(world.request(world.token({ ...chain, ...more })));
    expect(verified).toEqual({ ok: false, error: { code: "claims_invalid", claim } });
  });
});
