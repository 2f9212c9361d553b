import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Who exists in this campaign: a registry folder of JSON documents, which are YAML too. */

export const files = "https://files.lineage.example";
export const rows = "https://rows.lineage.example";
export const account = "111122223333";
export const region = "eu-west-1";
/** ARN of a team's target role. */
export const targetArn = (name: string): string => `arn:aws:iam::${account}:role/lanyard/target/${name}`;
/** SPIFFE ID of an agent. */
export const idOf = (name: string): string => `spiffe://lanyard.local/agent/${name}`;

/** Agents that may have each target role, as its owner says. */
export const targets = { Files: ["planner", "archivist", "clerk"], Rows: ["desk"] } as const;

const agent = (name: string, more: object) => ({
  ...{ kind: "agent", name, state: "active", owner: "a@lineage.example", sponsor: "b@lineage.example" },
  ...{ description: name, minimumAssurance: "fresh", maxDepth: 3 },
  selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: `arn:aws:iam::\${account}:role/agents/${name}` } }],
  ...more,
});
const issuer = (name: string, url: string) => ({
  ...{ kind: "trusted-issuer", name, purpose: "person", issuer: url, algorithms: ["RS256", "ES256"] },
});
const lends = [
  { resource: files, scopes: ["files:read", "files:list"] },
  { resource: rows, scopes: ["rows:write"] },
];
const lending = (name: string, url: string) => ({
  ...{ kind: "lending", name, issuer: url, when: { claim: "groups", equals: "support" }, lends },
});

/**
 * Three agents that work for a person, and one that no role is registered for.
 * @param other the second company's OpenID provider
 */
export function writeRegistry(folder: string, other: string): void {
  const people = "${" + "identityProvider}";
  const clients = [people, other].map((url) => ({ issuer: url, clientId: "planner-app" }));
  const documents = [
    agent("planner", { clients, may: lends }),
    agent("archivist", { may: [{ resource: files, scopes: ["files:read"] }] }),
    agent("clerk", { may: [{ resource: files, scopes: ["files:read"] }] }),
    agent("desk", { may: [{ resource: rows, scopes: ["rows:write"] }] }),
    agent("stranger", { may: [{ resource: files, scopes: ["files:read"] }] }),
    { kind: "resource", name: "files", uri: files, servedBy: "desk", scopes: ["files:read", "files:list"] },
    { kind: "resource", name: "rows", uri: rows, servedBy: "desk", scopes: ["rows:write"] },
    {
      ...{ kind: "entailment", name: "files-are-noted", agent: "desk" },
      from: { resource: files, scope: "files:read" },
      to: { resource: rows, scopes: ["rows:write"] },
    },
    issuer("people", people),
    issuer("others", other),
    {
      ...{ kind: "trusted-issuer", name: "workloads", purpose: "aws-sts", issuer: "${" + "stsIssuer}" },
      ...{ algorithms: ["ES384", "RS256"], account: "${" + "account}" },
    },
    lending("people-lend", people),
    lending("others-lend", other),
    { kind: "policy", name: "everything", cedar: "permit (principal, action, resource);" },
    {
      ...{ kind: "aws-role", name: "files", arn: targetArn("Files"), agents: targets.Files, resource: files },
      grants: [
        {
          ...{ scope: "files:read", service: "s3", actions: ["s3:GetObject"] },
          where: { bucket: "tickets", prefix: "a/" },
        },
        {
          ...{ scope: "files:list", service: "s3", actions: ["s3:ListBucket"] },
          where: { bucket: "tickets", prefix: "a/" },
        },
      ],
    },
    {
      ...{ kind: "aws-role", name: "rows", arn: targetArn("Rows"), agents: targets.Rows, resource: rows },
      grants: [
        {
          ...{ scope: "rows:write", service: "dynamodb", actions: ["dynamodb:PutItem"] },
          where: { table: `arn:aws:dynamodb:${region}:${account}:table/items`, prefix: "a#" },
        },
      ],
    },
  ];
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "all.yaml"), documents.map((each) => JSON.stringify(each)).join("\n---\n"));
}
