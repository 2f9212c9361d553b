import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deployerCases } from "./governance/deployer.ts";
import { drafterCases } from "./governance/drafter.ts";
import { folderCases } from "./governance/folders.ts";
import { independenceCases } from "./governance/independence.ts";
import { instanceCases } from "./governance/instances.ts";
import { type Office, openOffice } from "./governance/office.ts";
import { operatorCases } from "./governance/operators.ts";
import { providerCases } from "./governance/providers.ts";

let opened: Office | undefined;
const office = (): Office => opened ?? expect.fail("the office is not open");
beforeAll(async () => {
  opened = await openOffice();
});
afterAll(() => opened?.close());

/** Who may what, and who may change it: the back office of `examples/` on the running functions. */
describe("governance", () => {
  drafterCases(office);
  deployerCases(office);
  independenceCases(office);
  instanceCases(office);
  folderCases(office);
  providerCases(office);
  operatorCases(office);

  it("every refusal stands in the audit bucket for its reason", async () => {
    expect(office().refusals.count).toBeGreaterThan(20);
    await office().refusals.settle();
  });
});
