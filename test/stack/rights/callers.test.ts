/**
 * Who is given a right and never uses it, is given too much. Every right of every function must have a caller in the code
 * that is deployed for it: bundled as always, so that what nothing reaches is not there, but with our own code alone.
 */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { type FunctionName, functionNames } from "../../../lambdas/manifest.ts";
import { type Grant, grantsOf } from "../../../lib/function/grant.ts";
import { LanyardFunction } from "../../../lib/function/lanyard-function.ts";
import type { DeployedRegistry } from "../../../lib/service/registry/applier.ts";
import { buildOptions } from "../../../scripts/build.ts";
import { synthesized } from "../synthesized.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const registry: DeployedRegistry = { json: "{}", digest: "sha256:x", force: false };

/** Everything that a stage can ask for, so that no function and no right is missing. */
const asked = {
  registry: { folder: "examples" },
  outboundIdentityFederation: true,
  account: "111122223333",
  canary: {},
  dpopNonces: ["attest", "token", "introspect", "revoke", "credentials"],
  codeLookup: { lambda: { functions: ["planner"] }, ecs: { clusters: ["agents"], roles: ["agents/Planner"] } },
};

const made = new Map<FunctionName, LanyardFunction>();
synthesized(asked, {
  registry,
  change: ({ state, audit, issuer, service }) => {
    for (const stack of [state, audit, issuer, service])
      for (const part of stack.node.findAll()) if (part instanceof LanyardFunction) made.set(part.entry, part);
  },
});

/** What our code says, when it makes a call that IAM knows by this name. */
const calls: Readonly<Record<string, RegExp>> = {
  "dynamodb:GetItem": /\bnew GetCommand\d*\(/,
  "dynamodb:BatchGetItem": /\bnew BatchGetCommand\d*\(/,
  "dynamodb:Query": /\bnew QueryCommand\d*\(/,
  "dynamodb:PutItem": /\bnew PutCommand\d*\(|\bPut: /,
  "dynamodb:UpdateItem": /\bnew UpdateCommand\d*\(|\bUpdate: /,
  "dynamodb:DeleteItem": /\bnew DeleteCommand\d*\(|\bDelete: /,
  "dynamodb:BatchWriteItem": /\bnew BatchWriteCommand\d*\(/,
  "dynamodb:ConditionCheckItem": /\bConditionCheck: /,
  "s3:GetObjectVersion": /\bnew GetObjectCommand\d*\(\{[^}]*VersionId/,
  "lambda:InvokeFunction": /\bnew InvokeCommand\d*\(/,
  "sqs:DeleteMessage": /\bnew DeleteMessage(Batch)?Command\d*\(/,
  // what AssumeRole is asked with
  "sts:TagSession": /\bTransitiveTagKeys: /,
  "sts:SetSourceIdentity": /\bSourceIdentity: /,
};

/** By the SDK's class, or by name where a call is signed by hand. */
const callOf = (action: string): RegExp => {
  const name = action.slice(action.indexOf(":") + 1);
  return calls[action] ?? new RegExp(`\\bnew ${name}Command\\d*\\(|"${name}"`);
};

/** The list of tables by name, which every function has, names none. */
const listOfTables = /get \w+\(\) \{\s*return setting\d*\("\w+Table"\);\s*\}/g;

/** Whether the code speaks of a table at all. */
function speaksOf(code: string, table: string): boolean {
  const own = code.replace(listOfTables, "");
  const name = `${table.charAt(0).toLowerCase()}${table.slice(1)}`;
  return new RegExp(
    `[tT]ables\\d*\\.${name}\\b|setting\\d*\\("${name}Table"\\)|\\b${name}\\b[^;}]*\\} = \\w*[tT]ables`,
  ).test(own);
}

async function codeOf(name: FunctionName): Promise<string> {
  const { outputFiles } = await build({
    ...buildOptions,
    entryPoints: { index: `${root}lambdas/${name}/index.ts` },
    outdir: root,
    minify: false,
    packages: "external",
    metafile: false,
  });
  return outputFiles.map(({ text }) => text).join("\n");
}

/** Rights without a caller, as lines to read. */
function unused(code: string, grants: readonly Grant[]): string[] {
  return grants
    .filter(({ byAws, denied }) => !byAws && !denied)
    .flatMap(({ actions, on, conditions }) =>
      actions.flatMap((action) =>
        on.flatMap(({ name }) => {
          const isTable = action.startsWith("dynamodb:");
          const isPart = JSON.stringify(conditions ?? {}).includes("TransactWriteItems");
          const has =
            callOf(action).test(code) &&
            (!isTable || speaksOf(code, name.replace(/\/.*/, ""))) &&
            (!isPart || /\bnew TransactWriteCommand\d*\(/.test(code));
          return has ? [] : [`${action} on ${name}`];
        }),
      ),
    );
}

describe("every right has a caller in the code that is deployed with it:", () => {
  test("no function is left out", () => {
    expect([...made.keys()].sort()).toEqual([...functionNames].sort());
  });

  test.each(functionNames)("%s uses all it may", async (name) => {
    const of = made.get(name);
    if (!of) throw new Error(`${name} is not made`);
    expect(unused(await codeOf(name), grantsOf(of.role))).toEqual([]);
  });

  test("a right that nothing calls is found: a query, a table, a call of another service", async () => {
    const code = await codeOf("revoke");
    const right = (action: string, name: string): Grant => ({ actions: [action], on: [{ name, arn: "x" }], why: "" });
    const rights = [
      right("dynamodb:Query", "Registry"),
      right("dynamodb:BatchGetItem", "Traces"),
      right("dynamodb:BatchGetItem", "Sessions"),
      right("sqs:SendMessage", "Events"),
    ];
    expect(unused(code, rights)).toEqual([
      "dynamodb:Query on Registry",
      "dynamodb:BatchGetItem on Traces",
      "sqs:SendMessage on Events",
    ]);
  });
});
