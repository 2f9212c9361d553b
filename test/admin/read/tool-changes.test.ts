import { Validator } from "@cfworker/json-schema";
import { expect, test } from "vitest";
import { openApi } from "../../../core/admin/openapi/document.ts";
import type { AdminReadDeps, Question } from "../../../core/admin/read/route.ts";
import { toolChangesRoute } from "../../../core/admin/read/tool-changes.ts";
import { personId } from "../../../core/model/person-id.ts";
import { subjects } from "../../../core/model/subjects.ts";
import { applyResource, digestOf, group, say, setUp, tell, tool, world } from "../../decide/changes/ground.ts";
import { idp } from "../../kit/registry.ts";

setUp();

/** What an operator reads, which is as the document says. */
async function read() {
  const rows = world.versions.get(world.store.deployment?.registryVersion ?? 0);
  const registry = {
    applied: async () => rows?.version ?? 0,
    rows: async () => [...(rows?.resources ?? []), ...(rows?.agents ?? []), ...people()],
  };
  const { changes } = world.store;
  const deps = { ...world.ports, registry, queries: world.store, changes } as unknown as AdminReadDeps;
  const answer = await toolChangesRoute.answer({} as Question, deps);
  if (!answer.ok) return answer.error;
  const schema = { $ref: "#/components/schemas/ToolChanges", components: openApi.components };
  expect(new Validator(schema as never, "2020-12").validate(answer.value).errors).toEqual([]);
  return (answer.value as { readonly items: readonly object[] }).items;
}
const people = () => {
  const snapshot = world.versions.get(world.store.deployment?.registryVersion ?? 0);
  const issuer = snapshot?.trustedIssuer(idp, "person");
  const approvers = ["ada", "bob"].flatMap(
    (session) => snapshot?.approver({ uniqueId: "AROAEXAMPLEEXAMPLE11", session }) ?? [],
  );
  return [...(issuer ? [issuer] : []), ...approvers];
};

test("operators read which tools wait, what was answered, and what an approved one is taken for", async () => {
  expect(await read()).toEqual([]);
  const renamed = tool("Reads a ticket.", "get_ticket");
  const [one, two, three] = [tool("Reads one."), renamed, tool("Exports.", "export_tickets")];
  const ids: string[] = [];
  for (const each of [one, two, three]) ids.push((await tell(each)).answer.approval);
  await say("ada", ids[1] ?? "");
  await say("ada", ids[2] ?? "", "refuse");
  expect(await read()).toMatchObject([
    { id: ids[0], resource: "tickets", change: "changed", state: "asked", approvals: 0, group, needed: 1 },
    {
      tool: "get_ticket",
      from: "read_ticket",
      state: "approved",
      scopes: ["tickets:read"],
      digest: await digestOf(two),
    },
    { tool: "export_tickets", change: "new", state: "refused", scopes: ["tickets:read", "tickets:write"] },
  ]);
});

test("threat 69: what a blocked person approved is read as asked, and what an apply overtook not at all", async () => {
  const { approval } = (await tell(tool("Reads one."))).answer;
  await say("ada", approval);
  world.store.epochs.set(subjects.principal(personId(idp, "ada")), { epoch: 0, blocked: true });
  expect(await read()).toMatchObject([{ state: "asked", approvals: 0 }]);
  world.store.unreadable = true;
  expect(await read()).toMatchObject({ code: "liveness_unavailable" });
  world.store.unreadable = false;
  await applyResource({ toolChanges: { group, needed: 2 } });
  expect(await read()).toEqual([]);
});
