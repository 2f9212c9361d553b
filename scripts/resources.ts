/**
 * `npm run resources`: writes docs/resources.md from the constructs, each option on: stack ▸ resource ▸ who may do what
 * with it, and why. `resourcesPage` makes the text; a test holds the page against it.
 */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { App, CfnResource, Reference, Stack, Tokenization } from "aws-cdk-lib";
import { Role } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { functionEntry } from "../lambdas/manifest.ts";
import { type Deployment, deployment } from "../lib/deployment.ts";
import { type Conditions, type Grant, grantsOf, type Target } from "../lib/function/grant.ts";
import { LanyardFunction } from "../lib/function/lanyard-function.ts";
import { stageOf } from "../lib/settings/stage.ts";
import { attesting, nonced, signers } from "../lib/state/keys.ts";

const page = fileURLToPath(new URL("../docs/resources.md", import.meta.url));

/** Every function and every right that a stage can ask for. */
const everythingOn = {
  region: "eu-west-1",
  operators: {
    ...{
      read: ["role/Operator"],
      write: ["role/Operator"],
      revoke: ["role/Operator"],
      rotate: ["role/Operator"],
      approve: ["role/Operator"],
    },
    kill: ["user/BreakGlass"],
  },
  dpopNonces: ["attest", "token", "introspect", "revoke", "credentials", "decide", "approve-token"],
  awsCredentials: { accounts: ["111122223333"], lifeSeconds: 900, webIdentity: true },
  cloudTrail: { bucket: "trail", accounts: ["111122223333"], regions: ["eu-west-1"] },
  outboundIdentityFederation: true,
  keys: { es256: true },
  securityEvents: true,
  decisions: true,
  approvals: true,
  approvalNotices: true,
  signals: true,
  account: "111122223333",
  canary: {},
  codeLookup: { lambda: { functions: ["planner"] }, ecs: { clusters: ["agents"], roles: ["agents/planner"] } },
  registry: { folder: "registry" },
};

interface Right {
  readonly who: string;
  readonly grant: Grant;
  readonly target: Target;
}

/**
 * The page as it should be.
 * @param dist bundles of the functions, which may do nothing
 */
export function resourcesPage(dist: string): string {
  const stage = stageOf("prod", everythingOn);
  const registry = { json: "{}", digest: "none", force: false };
  const app = new App({ outdir: `${tmpdir()}/lanyard-resources-${process.pid}` });
  const made = deployment(app, { stage, dist, registry });
  const rights = [...Object.values(made)].flatMap(rightsOf);
  const stacks = Object.entries(made) as [keyof Deployment, Stack][];
  return [
    head,
    functionsTable(stacks.flatMap(([, stack]) => functionsOf(stack))),
    ...stacks.map(([name, stack]) =>
      section(
        titles[name],
        rights.filter(({ target }) => homeOf(target) === stack),
      ),
    ),
    section(
      elsewhere,
      rights.filter(({ target }) => homeOf(target) === undefined),
    ),
    keysTable,
  ].join("\n");
}

const head = `# Resources, and who may do what with them

Made from the constructs by \`npm run resources\`, with every option on; a test holds it against them. What a role may do beyond
its own logs and X-Ray stands here whole: there is no other way to a right than a grant that says why. What each function could do
if it were taken over: [walls.md](walls.md). \`by AWS\` marks what Lambda or DynamoDB does with the role; the function's code
makes no such call.
`;

const titles: Readonly<Record<keyof Deployment, string>> = {
  state: "State: what lasts",
  audit: "Audit: the way of a record",
  issuer: "Issuer: discovery, alone",
  service: "Service: what answers",
};
const elsewhere = "Elsewhere, or nothing in particular";

const functionsOf = (stack: Stack): LanyardFunction[] =>
  stack.node.findAll().filter((part): part is LanyardFunction => part instanceof LanyardFunction);

function functionsTable(all: readonly LanyardFunction[]): string {
  const rows = all.map(({ entry }) => {
    const { stack, url, does, memoryMegabytes, timeoutSeconds, only } = functionEntry(entry);
    const address = url ? addresses[url] : "none";
    const when = only ? ` (where a stage sets \`${only}\`)` : "";
    return `| \`${entry}\` | ${stack} | ${does}${when} | ${address} | ${memoryMegabytes} MB, ${timeoutSeconds} s |`;
  });
  return [
    "## Functions",
    "",
    "| function | stack | does | address | size |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

const addresses = { public: "for everybody", signed: "for whom IAM lets in", operators: "for operators" } as const;

/** What a stack's roles may do, but for their own logs. */
function rightsOf(stack: Stack): Right[] {
  return stack.node.findAll().flatMap((part) => {
    if (!(part instanceof Role)) return [];
    const who = nameOf(part);
    return grantsOf(part).flatMap((grant) =>
      grant.on.flatMap((target) => (target.name === "its logs" ? [] : [{ who, grant, target }])),
    );
  });
}

function nameOf(role: Role): string {
  const { scope } = role.node;
  return scope instanceof LanyardFunction ? `\`${scope.entry}\`` : `${role.node.path.split("/").slice(-2).join(" ")}`;
}

/** Stack of the resource that an ARN refers to; an ARN of literals refers to none. */
function homeOf({ arn }: Target): Stack | undefined {
  for (const token of Tokenization.reverseString(arn).tokens) {
    const to: Construct | undefined = Reference.isReference(token) ? (token.target as Construct) : undefined;
    if (to && CfnResource.isCfnResource(to)) return Stack.of(to);
  }
  return undefined;
}

function section(title: string, rights: readonly Right[]): string {
  const byTarget = Map.groupBy(rights, ({ target }) => target.name);
  const tables = [...byTarget]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, of]) => {
      // whoever may the same for the same reason stands in one row
      const rows = Map.groupBy(of, ({ grant }) => `${whatOf(grant)} | ${grant.why}${grant.byAws ? " (by AWS)" : ""}`);
      const lines = [...rows].map(
        ([what, those]) => `| ${[...new Set(those.map(({ who }) => who))].join(", ")} | ${what} |`,
      );
      return [`### ${name}`, "", "| who | may | why |", "|---|---|---|", ...lines, ""].join("\n");
    });
  return [`## ${title}`, "", ...(tables.length > 0 ? tables : ["Nothing here is used by a role.", ""])].join("\n");
}

function whatOf({ actions, conditions, denied }: Grant): string {
  const under = conditions ? `, ${conditionOf(conditions)}` : "";
  return `${denied ? "**never** " : ""}${actions.map((action) => `\`${action}\``).join(", ")}${under}`;
}

function conditionOf(conditions: Conditions): string {
  const rows = conditions["ForAllValues:StringLike"]?.["dynamodb:LeadingKeys"];
  const isPart = conditions.StringEquals?.["dynamodb:EnclosingOperation"] === "TransactWriteItems";
  const words = [
    ...(rows === undefined
      ? []
      : [
          `rows ${[rows]
            .flat()
            .map((row) => `\`${row}\``)
            .join(", ")}`,
        ]),
    ...(isPart ? ["in a transaction"] : []),
  ];
  if (words.length > 0) return words.join(", ");
  const { StringEquals = {}, Bool = {} } = conditions;
  const told = Object.entries({ ...StringEquals, ...Bool }).map(
    ([key, value]) => `\`${key}\` ${[value].flat().join(" or ")}`,
  );
  return `only with ${told.join(", ")}`.replaceAll(/\$\{Token\[AWS\.Region\.\d+\]\}/g, "<region>");
}

const roles = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");
const keysTable = [
  "## Keys: whom their own policies let",
  "",
  "| key | use | who alone may |",
  "|---|---|---|",
  ...Object.entries(signers).map(([purpose, names]) => `| ${purpose} | \`kms:Sign\` | ${roles(names)} |`),
  `| nonce | \`kms:GenerateMac\`, attestation challenges | ${roles(attesting)} |`,
  `| dpop-nonce | \`kms:GenerateMac\`, nonces in DPoP proofs | ${roles(nonced(everythingOn))} |`,
  "",
].join("\n");

if (import.meta.main)
  writeFileSync(page, resourcesPage(fileURLToPath(new URL("../test/stack/fixtures/bundles", import.meta.url))));
