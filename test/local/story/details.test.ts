import { expect, test } from "vitest";
import { readRegistryFolder } from "../../../bin/lanyard/registry/folder.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { customerRecord, ticketCustomers } from "../../../local/demo/story/details.ts";
import { supportDesk, variables } from "../../kit/example.ts";

test("the story's APIs read details by the very types the example registers", async () => {
  const folder = await readRegistryFolder(supportDesk, variables);
  if (!folder.ok) throw new Error(JSON.stringify(folder.error));
  const types = folder.value.map(({ value }) => value as Registration).filter((row) => row.kind === "details-type");
  expect(types.map(({ name, schema, rules }) => ({ name, schema, rules }))).toEqual([customerRecord, ticketCustomers]);
});
