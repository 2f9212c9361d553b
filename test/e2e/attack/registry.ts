import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";

export const tickets = "https://tickets.support-desk.example";
export const customers = "https://customers.support-desk.example";
/** A third resource of the laboratory alone, with details that restrict it. */
export const vault = "https://vault.support-desk.example";

/** The laboratory's own file in the registry's folder. */
export const labFile = "lab.yaml";

/** What the laboratory's own issuers are called in the registry. */
interface LabIssuers {
  /** Two issuers of people that share one `kid` and one `sub`. */
  readonly twinA: string;
  readonly twinB: string;
  /** An issuer whose keys cannot be fetched. */
  readonly unreachable: string;
}

const roleOf = (name: string) => `arn:aws:iam::\${account}:role/lab/${name}`;

const agent = (name: string, more: Record<string, unknown> = {}) => ({
  kind: "agent",
  name,
  state: "active",
  owner: "lab@support-desk.example",
  sponsor: "lab@support-desk.example",
  selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: roleOf(name) } }],
  may: [{ resource: vault, scopes: ["vault:read", "vault:write"] }],
  issuancesPerSecond: 1000,
  ...more,
});

const rows = ({ twinA, twinB, unreachable }: LabIssuers) => [
  agent("opener", {
    clients: [twinA, twinB, unreachable].map((issuer) => ({ issuer, clientId: "opener-app" })),
    lends: [{ resource: vault, scopes: ["vault:read"] }],
  }),
  agent("worker"),
  agent("stranger"),
  agent("shallow", { maxDepth: 1, lends: [{ resource: vault, scopes: ["vault:read"] }] }),
  agent("brief", { maxLifetimeSeconds: 60, lends: [{ resource: vault, scopes: ["vault:read"] }] }),
  agent("careful", { requiresDetails: true, lends: [{ resource: vault, scopes: ["vault:read"] }] }),
  agent("condemned"),
  agent("link-1"),
  agent("link-2"),
  agent("asleep", { state: "suspended" }),
  agent("vault-api", { may: [{ resource: customers, scopes: ["customers:read"] }] }),
  { kind: "resource", name: "vault", uri: vault, servedBy: "vault-api", scopes: ["vault:read", "vault:write"] },
  {
    kind: "details-type",
    name: "vault-box",
    resource: vault,
    schema: {
      type: "object",
      additionalProperties: false,
      properties: {
        boxes: { type: "array", items: { type: "string" } },
        amount: { type: "number", minimum: 0 },
        held: { type: "string" },
        site: { type: "string" },
        until: { type: "string" },
      },
    },
    rules: { boxes: "one_of", amount: "max", held: "path", site: "url", until: "before" },
  },
  {
    kind: "entailment",
    name: "vault-to-customers",
    agent: "vault-api",
    from: { resource: vault, scope: "vault:read" },
    to: { resource: customers, scopes: ["customers:read"] },
    details: {},
  },
  ...[twinA, twinB, unreachable].flatMap((issuer, index) => [
    { kind: "trusted-issuer", name: `lab-${index}`, purpose: "person", issuer, algorithms: ["ES256"] },
    {
      kind: "lending",
      name: `lab-${index}`,
      issuer,
      when: { claim: "groups", equals: "support" },
      lends: [
        { resource: vault, scopes: ["vault:read", "vault:write"] },
        { resource: tickets, scopes: ["tickets:read"] },
        { resource: customers, scopes: ["customers:read"] },
      ],
    },
  ]),
  { kind: "policy", name: "lab-permits", cedar: `permit(principal, action, resource == Resource::"${vault}");` },
  {
    kind: "policy",
    name: "lab-lends-customers",
    cedar: `permit(principal, action == Action::"lend", resource == Resource::"${customers}");`,
  },
  {
    kind: "policy",
    name: "lab-permits-its-hops",
    cedar: `permit(principal == Agent::"vault-api", action, resource == Resource::"${customers}");`,
  },
];

/**
 * The example's registry with the laboratory's rows added, as a folder of its own.
 * @returns the folder; the caller removes it
 */
export function writeLabRegistry(example: string, issuers: LabIssuers): string {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-lab-registry-"));
  cpSync(example, folder, { recursive: true });
  // the example's own policy ends a chain at three; the laboratory wants to see the registry's limits at work
  const policies = join(folder, "policies.yaml");
  const text = readFileSync(policies, "utf8");
  if (!text.includes("context.depth > 3")) throw new Error("the example's policies changed; adapt the laboratory");
  writeFileSync(policies, text.replace("context.depth > 3", "context.depth > 30"));
  writeFileSync(
    join(folder, labFile),
    rows(issuers)
      .map((row) => `---\n${stringify(row)}`)
      .join(""),
  );
  return folder;
}
