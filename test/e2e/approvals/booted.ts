import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../../client/index.ts";
import { cibaGrant } from "../../../core/model/wire.ts";
import { asApprover } from "../../../local/demo/approvers.ts";
import type { Credentials } from "../../../local/demo/endpoints.ts";
import { tickets } from "../../../local/demo/story/desk.ts";
import { signedCall } from "../../../local/demo/story/signed-call.ts";
import { raiseWorld } from "../../../local/demo/story/world.ts";
import { copiedExample } from "../../kit/example.ts";
import { startFakeIssuer } from "../attack/issuer.ts";

export const write = [{ resource: tickets, scopes: ["tickets:write"] }];

/** Of both providers: the client that people sign in at to approve. */
export const approvalsClient = "approvals-app";

/** The example's registry, where writing waits for the release group, which Grace is in by IAM. */
function writeRegistry(foreign: string): string {
  const { folder, change } = copiedExample();
  const groups = "groups: { claim: groups, names: [support, release] }";
  change("trust.yaml", groups, `${groups}\napprovals: { clients: [${approvalsClient}] }`);
  const asked = 'resource == Tool::"tickets:write" && context.step == "open"';
  change(
    "policies.yaml",
    '  permit (principal, action == Action::"use", resource);\n',
    `  permit (principal, action == Action::"use", resource) unless { ${asked} };
---
kind: policy
name: release-approves
cedar: |
  @approval("people/release")
  permit (principal, action == Action::"use", resource) when { ${asked} };
`,
  );
  const elsewhere = { kind: "trusted-issuer", name: "elsewhere", purpose: "person", issuer: foreign };
  writeFileSync(
    join(folder, "elsewhere.yaml"),
    JSON.stringify({
      ...{ ...elsewhere, algorithms: ["ES256"], approvals: { clients: [approvalsClient] } },
      groups: { claim: "groups", names: ["release"] },
    }),
  );
  const grace = { kind: "approver", name: "grace", groups: ["people/release"] };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the registry's variable
  const person = { issuer: "${identityProvider}", sub: "grace" };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the registry's variable
  const iam = { uniqueId: "${releaseRoleId}", session: "grace" };
  writeFileSync(join(folder, "approvers.yaml"), JSON.stringify({ ...grace, person, iam }));
  return folder;
}

/** The deployment on the embedded cloud, an agent of it, and people of the account who may sign calls to `approve`. */
export async function bootRelease() {
  const elsewhere = await startFakeIssuer("k", approvalsClient);
  const registry = writeRegistry(elsewhere.issuer);
  const applications = ["planner", "approvals"];
  const world = await raiseWorld({ memory: true, registry, applications, onProgress: () => undefined });
  const { endpoints, cloud, provider } = world;
  /** Calls `approve`, signed with these credentials. */
  const call = (credentials: Credentials, path: string, content?: object) => {
    const signed = { credentials, region: endpoints.aws.region };
    return signedCall(`${endpoints.approve}${path}`, content ? { ...signed, content } : signed);
  };

  /** The planner's client, whose next session can be asked for by an approval's id alone: with the same key, as itself. */
  function planner() {
    const { id, credentials } = endpoints.agents.planner ?? { id: "", credentials: undefined };
    if (!credentials) throw new Error("no planner");
    let redeemed: string | undefined;
    const agent = createAgent({
      ...{ issuer: endpoints.issuer, agent: id },
      evidence: awsStsWebIdentity({ ...endpoints.aws, credentials: { ...credentials } }),
      fetch(url, init) {
        const asked = new URLSearchParams(String(init?.body ?? ""));
        if (redeemed === undefined || !asked.has("grant_type")) return fetch(url, init);
        const form = new URLSearchParams({ grant_type: cibaGrant, auth_req_id: redeemed });
        for (const name of ["client_assertion", "client_assertion_type"]) form.set(name, asked.get(name) ?? "");
        return fetch(url, { ...init, body: form.toString() });
      },
    });
    return {
      agent,
      async redeem(approval: string) {
        redeemed = approval;
        return agent.open({ grants: write }).finally(() => {
          redeemed = undefined;
        });
      },
    };
  }
  return {
    ...{ world, call, planner, elsewhere },
    /** Takes the role under this name, with a source identity of the same name or another. */
    assume: (name: string, sourceIdentity?: string) => asApprover(cloud, name, sourceIdentity),
    signIn: async () => (await provider.signInAs("planner")).id_token,
    async close() {
      await world.close();
      await elsewhere.close();
      rmSync(registry, { recursive: true, force: true });
    },
  };
}
