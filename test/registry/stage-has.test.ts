import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { describe, expect, it } from "vitest";
import type { Registration } from "../../core/model/registry.ts";
import { documentsOf } from "../../core/registry/apply.ts";
import type { StageHas } from "../../core/registry/checks/stage-has.ts";
import { validateRegistry } from "../../core/registry/validate.ts";
import { agent, tickets, trustDomain } from "../kit/registry.ts";

const resource: Registration = {
  kind: "resource",
  name: "tickets",
  uri: tickets,
  servedBy: "ticket-api",
  scopes: ["tickets:read"],
  accessTokenSigningAlg: "ES256",
};
const receiver = {
  kind: "receiver",
  name: "soc",
  endpoint: "https://soc.example/events",
  audience: "https://soc.example",
  resources: "all",
  events: ["session-revoked"],
};
const role = {
  kind: "aws-role",
  name: "files",
  arn: "arn:aws:iam::111122223333:role/agents/files",
  agents: ["ticket-api"],
  resource: tickets,
  grants: [{ scope: "tickets:read", service: "s3", actions: ["s3:GetObject"], where: { bucket: "files" } }],
};
const approver = {
  kind: "approver",
  name: "ada",
  person: { issuer: "https://idp.example", sub: "ada" },
  iam: { uniqueId: "AIDAEXAMPLEEXAMPLE11" },
  groups: ["idp/release"],
};
const askingForYes = {
  scopes: [{ resource: tickets, scopes: ["tickets:read"] }],
  approval: { group: "idp/release" },
};
const approving = {
  kind: "trusted-issuer",
  name: "idp",
  purpose: "person",
  issuer: "https://idp.example",
  algorithms: ["RS256"],
  groups: { claim: "groups", names: ["release"] },
  approvals: { clients: ["approvals-app"] },
};
const { groups: _g, approvals: _a, ...provider } = approving;
const { accessTokenSigningAlg: _, ...usual } = resource;
const fronted = { ...usual, frontedBy: ["ticket-api"] };
const server = agent("ticket-api", {
  selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: "arn:aws:iam::111122223333:role/agents/ticket-api" } }],
});
const problemsOf = (row: object, has?: readonly StageHas[]) => {
  const rows = documentsOf([server, row]);
  const settings = { issuer: "https://id.example", trustDomain, cedar, ...(has ? { has } : {}) };
  const read = validateRegistry(rows, settings);

  return read.ok ? [] : read.error.map(({ message }) => message);
};
const lack =
  /^(this stage (has no ES256 session key|pushes no security events|gives no AWS credentials|has no decision point|hears nothing)|nobody could approve)/;

describe("what a stage has not", () => {
  it.each([
    ["a resource that asks for ES256", resource, "es256"],
    ["a receiver of security events", receiver, "securityEvents"],
    ["a role of AWS", role, "awsCredentials"],
    ["a gateway before a resource", fronted, "decisions"],
    ["a person who approves as a caller of AWS", approver, "approvals"],
    ["a quarantine with approval", { ...agent("odd"), quarantine: askingForYes }, "approvals"],
    ["a client for approvals", approving, "approvals"],
    ["a transmitter of an issuer's events", { ...provider, events: { audience: "lanyard" } }, "signals"],
    ["a SCIM client of an issuer", { ...provider, scim: { tokenSha256: ["A".repeat(43)] } }, "signals"],
    [
      "a policy that permits with approval",
      { kind: "policy", name: "p", cedar: '@approval("idp/release")\npermit(principal, action, resource);' },
      "approvals",
    ],
  ] as const)("is refused before it is registered: %s", (_what, row, needed) => {
    expect(problemsOf(row, []).filter((message) => lack.test(message))).toHaveLength(1);
    const other: StageHas = needed === "es256" ? "securityEvents" : "es256";
    expect(problemsOf(row, [other]).filter((message) => lack.test(message))).toHaveLength(1);
    expect(problemsOf(row, [needed]).filter((message) => lack.test(message))).toEqual([]);
  });

  it("is a role that an agent takes by itself, where the stage gives credentials and no tokens for AWS", () => {
    const own = { ...role, exclusive: true };
    const lacking = "no agent of this stage takes a role by itself: set awsCredentials.webIdentity and deploy";
    expect(problemsOf(own, ["awsCredentials"])).toContain(lacking);
    expect(problemsOf(own, ["awsCredentials", "awsWebIdentity"])).not.toContain(lacking);
    expect(problemsOf(role, ["awsCredentials"])).not.toContain(lacking);
  });

  it("is for the deployment to say: nothing is refused where nobody can tell", () => {
    expect(problemsOf(resource)).toEqual([]);
    expect(problemsOf(receiver).filter((message) => lack.test(message))).toEqual([]);
  });
});
