import { describe, expect, it } from "vitest";
import { callSigned } from "../../../bin/lanyard/deployment/call.ts";
import type { Office } from "./office.ts";

/** A change of the folder that must not be applied: what is wrong, where it is written, and what is said of it. */
type Fault = readonly [what: string, file: string, from: string, to: string, said: RegExp];

const faults: readonly Fault[] = [
  ["YAML that is none", "resources.yaml", "scopes: [mail:send]", "scopes: [mail:send", /^resources\.yaml:1[1-5]: /m],
  ["a key written twice", "resources.yaml", "name: mail\n", "name: mail\nname: post\n", /^resources\.yaml:10: /m],
  [
    "a word that no registration has",
    "agents/mail-drafter.yaml",
    "maxLifetimeSeconds: 300",
    "maxLifeSeconds: 300",
    /^agents\/mail-drafter\.yaml:\d+: .*maxLifeSeconds/m,
  ],
  [
    "a policy that does not parse",
    "policies.yaml",
    "permit (principal in Group",
    "permit principal in Group",
    /^policies\.yaml:5: /m,
  ],
  [
    "a policy that does not validate against the schema",
    "policies.yaml",
    "context.depth == 1",
    "context.deepness == 1",
    /^policies\.yaml:\d+: .*deepness/m,
  ],
  [
    "a policy that permits on the agent's own word",
    "policies.yaml",
    'when { context.principal.kind == "person" && context.assurance >= 2 };',
    'when { context.asserted has purpose && context.asserted.purpose == "emergency" };',
    /^policies\.yaml:\d+: .*own word/m,
  ],
  [
    "a scope that no resource declares",
    "agents/mail-drafter.yaml",
    "[crm:read]",
    "[crm:read, crm:delete]",
    /^agents\/mail-drafter\.yaml:\d+: may\.0\.scopes\.1: .*crm:delete/m,
  ],
  [
    "an agent's name given twice",
    "agents/deployment.yaml",
    "name: release-notes",
    "name: deployer",
    /^agents\/deployment\.yaml:\d+: name: .*deployer/m,
  ],
  [
    "entailments in a circle",
    "circle.yaml",
    "",
    `kind: entailment
name: there
agent: crm-api
from: { resource: https://crm.back-office.example, scope: crm:read }
to: { resource: https://mail.back-office.example, scopes: [mail:send] }
---
kind: entailment
name: back
agent: crm-api
from: { resource: https://mail.back-office.example, scope: mail:send }
to: { resource: https://crm.back-office.example, scopes: [crm:read] }
`,
    /^circle\.yaml:5: .*there → back → there/m,
  ],
  [
    "a placeholder that nobody fills",
    "trust.yaml",
    "issuer: $",
    "issuer: $" + "{nobody}$",
    /^trust\.yaml:\d+: .*nobody/m,
  ],
];

const writes = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

/** What a folder must not hold: refused before anything is written, with file and line. */
export function folderCases(office: () => Office): void {
  /** Writes to the registry's table so far, and the version that counts. */
  const state = async () => {
    const { world, version } = office();
    const TableName = world.cloud.outputs.RegistryTable;
    const calls = world.cloud.calls().filter(({ roleArn }) => roleArn.includes("admin-write"));
    const { body } = await world.cloud.dynamodb("Scan", { TableName, Select: "COUNT" });
    const applies = calls.filter(({ operation }) => writes.includes(operation) && operation !== "PutItem").length;
    return { version: await version(), rows: (body as { Count: number }).Count, applies };
  };

  describe("a folder", () => {
    it.each(faults)(
      "with %s is refused with file and line, and nothing is written",
      async (_, file, from, to, said) => {
        const { edited, lanyard, registry } = office();
        const before = await state();
        const { code, out, err } = await edited(file, from, to, () =>
          lanyard(["apply", registry, "--reason", "tried"]),
        );
        expect([code, out]).toEqual([1, ""]);
        expect(err).toMatch(said);
        expect(await state()).toEqual(before);
      },
    );

    it("sent past the command is held against the same rules by the function", async () => {
      const { profile, world } = office();
      const before = await state();
      const body = (row: object) => JSON.stringify({ registrations: [row], reason: "past the command" });
      const send = (row: object) =>
        callSigned(profile, `${profile.adminWrite}/registry`, { method: "PUT", body: body(row) });
      const agent = { kind: "agent", name: "ghost", state: "active", owner: "o", sponsor: "s" };
      const selectors = [{ type: "aws-sts-web-identity", exact: { roleArn: "arn:aws:iam::111122223333:role/*" } }];
      for (const row of [
        { ...agent, selectors: [] },
        { ...agent, selectors, may: [{ resource: "https://nowhere.example", scopes: ["all"] }] },
        {
          kind: "policy",
          name: "all",
          cedar: "permit (principal, action, resource) when { context.asserted has purpose };",
        },
        { kind: "policy", name: "torn", cedar: "permit (" },
      ])
        await expect(send(row)).rejects.toMatchObject({ facts: { status: 422, error: "registry_invalid" } });
      expect(await state()).toEqual(before);
      expect(world.cloud.logs("admin-write").filter((line) => line.includes('"level":"ERROR"'))).toEqual([]);
    });
  });
}
