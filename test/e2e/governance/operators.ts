import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applyPlan, planRegistry, RegistryStale } from "../../../bin/lanyard/registry/plan.ts";
import { LanyardError } from "../../../client/index.ts";
import { readRecords } from "../../../local/demo/story/records.ts";
import { crm, deploy, type Office, operatorFolder } from "./office.ts";

/** The office's folder as two people have it, each with a change of their own. */
function copyWith(office: Office, file: string, from: string, to: string): string {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-operator-"));
  cpSync(office.registry, folder, { recursive: true });
  const text = readFileSync(join(folder, file), "utf8");
  if (!text.includes(from)) throw new Error(`${file} does not say ${from}`);
  writeFileSync(join(folder, file), text.replace(from, to));
  return folder;
}

/** An agent that is registered for an hour, with the policies that let it read what the deployer promoted. */
const intern = `kind: agent
name: intern
state: active
owner: platform@back-office.example
sponsor: head-of-platform@back-office.example
selectors:
  - { type: aws-sts-web-identity, exact: { roleArn: "arn:aws:iam::\${account}:role/agents/intern" } }
may:
  - { resource: ${deploy}, scopes: [builds:read] }
---
kind: policy
name: intern-reads
cedar: |
  permit (principal == Agent::"intern", action in [Action::"redeem", Action::"access"], resource == Resource::"${deploy}");
---
kind: policy
name: intern-is-lent
cedar: |
  permit (principal, action == Action::"lend", resource == Resource::"${deploy}") when { context.agent == Agent::"intern" };
`;

/** Whoever may change the registry, and what their changes can and cannot do. */
export function operatorCases(office: () => Office): void {
  const registered = (name: string) => office().registered(name);
  describe("an operator", () => {
    it("whose role may only look changes nothing by any command", async () => {
      const { world, registry, lanyard, version } = office();
      const looks = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];
      const Resource = `arn:aws:lambda:*:${world.cloud.account}:function:*AdminRead*`;
      const credentials = world.cloud.addOperator(`arn:aws:iam::${world.cloud.account}:role/auditor`, {
        Statement: [{ Effect: "Allow", Action: looks, Resource }],
      });
      const home = operatorFolder(office(), "auditor", credentials);
      const before = await version();
      for (const args of [
        ["apply", registry],
        ["apply", registry, "--dry-run"],
        ["suspend", "deployer", "--reason", "to see what happens"],
        ["rollback", "--to", "1", "--reason", "to see what happens"],
        ["revoke", "--agent", "deployer", "--reason", "to see what happens"],
      ])
        expect(await lanyard(args, home), args.join(" ")).toMatchObject({
          code: 1,
          err: expect.stringMatching(/refused|403|not authorized/i),
        });
      expect(await version()).toBe(before);
      expect((await registered("deployer")).state).toBe("active");
      expect(await lanyard(["agents"], home)).toMatchObject({ code: 0, err: "" });
      rmSync(home, { recursive: true });
    });

    it("threat 49: by the account's leave alone is none: the stage names its operators, function by function", async () => {
      const { world, lanyard, version } = office();
      const before = await version();
      const everything = { Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
      const tries = [
        ["agents"],
        ["suspend", "deployer", "--reason", "to see what happens"],
        ["revoke", "--agent", "deployer", "--reason", "to see what happens"],
      ];
      for (const [name, read] of [
        ["administrator", 1],
        ["auditor", 0],
      ] as const) {
        const credentials = world.cloud.addOperator(`arn:aws:iam::${world.cloud.account}:role/${name}`, everything);
        const home = operatorFolder(office(), name, credentials);
        const ended = [];
        for (const args of tries) ended.push((await lanyard(args, home)).code);
        expect([name, ended]).toEqual([name, [read, 1, 1]]);
        rmSync(home, { recursive: true });
      }
      expect(await version()).toBe(before);
      expect((await registered("deployer")).state).toBe("active");
    });

    it("applying at the same instant as another is told to look again: one of both plans counts, never a mix", async () => {
      const { version, apply } = office();
      const before = await version();
      const plans = [
        copyWith(office(), "agents/mail-drafter.yaml", "maxLifetimeSeconds: 300", "maxLifetimeSeconds: 299"),
        copyWith(
          office(),
          "agents/deployment.yaml",
          "name: release-notes\nstate: active",
          "name: release-notes\nstate: suspended",
        ),
      ];
      const { adminWrite, dynamo, issuer, trustDomain, variables } = office().profile;
      const inputs = plans.map((directory) => ({ directory, adminWrite, dynamo, issuer, trustDomain, variables }));
      // both have looked before either applies
      const looked = await Promise.all(inputs.map(async (input) => ({ input, plan: await planRegistry(input) })));
      const ended = await Promise.allSettled(looked.map(({ input, plan }) => applyPlan(input, plan, "at once")));
      expect(ended.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      const refused = ended.find((one) => one.status === "rejected");
      expect(refused?.reason).toBeInstanceOf(RegistryStale);
      const [drafter, notes] = [await registered("mail-drafter"), await registered("release-notes")];
      const first = ended[0]?.status === "fulfilled";
      expect([drafter.maxLifetimeSeconds, notes.state]).toEqual(first ? [299, "active"] : [300, "suspended"]);
      expect(await version()).toBe(before + 1);
      await apply();
      for (const folder of plans) rmSync(folder, { recursive: true });
    });

    it("suspending at the same instant as another loses neither's order without saying so", async () => {
      const { lanyard, apply } = office();
      const names = ["mail-drafter", "deployer", "release-notes"];
      const said = await Promise.all(names.map((name) => lanyard(["suspend", name, "--reason", "at once"])));
      expect(said.some(({ code }) => code === 0)).toBe(true);
      const states = await Promise.all(names.map(async (name) => (await registered(name)).state));
      expect(states).toEqual(said.map(({ code }) => (code === 0 ? "suspended" : "active")));
      await apply();
    });

    it("rolling back leaves live sessions of unchanged agents, and lifts no revocation", async () => {
      const { draft, promote, lets, lanyard, edited, apply, version, agent } = office();
      const good = await version();
      const [letter, root] = [await draft(), await promote()];
      await edited("agents/mail-drafter.yaml", "maxLifetimeSeconds: 300", "maxLifetimeSeconds: 30", () => apply());
      expect([await lets(letter, crm), await lets(root, deploy)]).toEqual([true, true]);
      expect((await lanyard(["revoke", "--agent", "deployer", "--reason", "stolen"])).code).toBe(0);
      expect(await lets(letter, crm)).toBe(true);
      const rolled = await lanyard(["rollback", "--to", String(good), "--reason", "too short"]);
      expect(rolled).toMatchObject({ code: 0, out: expect.stringContaining("maxLifetimeSeconds") });
      expect((await registered("mail-drafter")).maxLifetimeSeconds).toBe(300);
      expect(await lets(letter, crm)).toBe(true);
      // what was revoked stays so, whatever version of the registry counts
      expect(await lets(root, deploy)).toBe(false);
      await expect(agent("deployer").identity()).rejects.toThrow(LanyardError);
      expect((await lanyard(["lift", "--agent", "deployer", "--reason", "found again"])).code).toBe(0);
      expect(await lets(root, deploy)).toBe(false);
      expect(await lets(await promote(), deploy)).toBe(true);
    });

    // last of those that apply: the name of an agent that worked may be taken for good
    it("rolling back to before an agent was registered ends what it holds, and nothing else", async () => {
      const { promote, lets, lanyard, version, apply, edited, agent } = office();
      const good = await version();
      await edited("agents/intern.yaml", "", intern, () => apply());
      const root = await promote();
      const hired = agent("intern");
      const { handle } = await root.offer({ to: hired.agent, grants: [{ resource: deploy, scopes: ["builds:read"] }] });
      const child = await hired.redeem(handle, { expect: "anything" });
      expect([await lets(root, deploy), await lets(child, deploy)]).toEqual([true, true]);
      const rolled = await lanyard(["rollback", "--to", String(good), "--reason", "never meant"]);
      expect(rolled, rolled.err).toMatchObject({ code: 0 });
      expect([await lets(root, deploy), await lets(child, deploy)]).toEqual([true, false]);
      await expect(agent("intern").identity()).rejects.toThrow(LanyardError);
    });

    it("is named in the audit bucket with the reason of every change, and what was refused is there too", async () => {
      const { world } = office();
      await world.cloud.flushAudit();
      const changes = readRecords(world.endpoints.auditFolder).filter(
        ({ facts }) => facts.operation === "registry.apply",
      );
      const done = changes.filter(({ facts }) => facts.outcome === "allowed");
      expect(done.length).toBeGreaterThan(10);
      for (const { facts } of done)
        expect(facts.operator_arn).toMatch(/assumed-role\/lanyard-local-operator\/operator$/);
      expect(done.map(({ facts }) => facts.reason)).toContain("never meant");
      expect(changes.map(({ facts }) => facts.denial?.code)).toContain("registry_stale");
    });

    it("works through a function that needed no right but its role's, and used no signing key", () => {
      const calls = office()
        .world.cloud.calls()
        .filter(({ roleArn }) => roleArn.includes("admin-write"));
      expect(calls.length).toBeGreaterThan(20);
      expect(calls.filter(({ code }) => code?.startsWith("AccessDenied"))).toEqual([]);
      expect(new Set(calls.map(({ operation }) => operation))).not.toContain("Sign");
    });
  });
}
