import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Sha256 } from "@aws-crypto/sha256-js";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../../client/index.ts";
import { cibaGrant } from "../../../core/model/wire.ts";
import { tickets } from "../../../local/demo/story/desk.ts";
import { raiseWorld } from "../../../local/demo/story/world.ts";
import { roleIdOf } from "../../../local/emulator/iam/context.ts";
import { copiedExample } from "../../kit/example.ts";

const account = "111122223333";
/** The role that people sign with who approve; the stage `local` names it. */
const roleArn = `arn:aws:iam::${account}:role/release`;
export const write = [{ resource: tickets, scopes: ["tickets:write"] }];

/** The example's registry, where writing waits for the release group, which Grace is in by IAM. */
function writeRegistry(): string {
  const { folder, change } = copiedExample();
  change("trust.yaml", "names: [support]", "names: [support, release]");
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
  const grace = { kind: "approver", name: "grace", groups: ["people/release"] };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the registry's variable
  const person = { issuer: "${identityProvider}", sub: "grace" };
  const iam = { uniqueId: roleIdOf(roleArn), session: "grace" };
  writeFileSync(join(folder, "approvers.yaml"), JSON.stringify({ ...grace, person, iam }));
  return folder;
}

/** The deployment on the embedded cloud, an agent of it, and people of the account who may sign calls to `approve`. */
export async function bootRelease() {
  const registry = writeRegistry();
  const world = await raiseWorld({ memory: true, registry, onProgress: () => undefined });
  const { endpoints, cloud, provider } = world;
  const any = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } };
  const Principal = { AWS: `arn:aws:iam::${account}:root` };
  const Action = ["sts:AssumeRole", "sts:SetSourceIdentity"];
  cloud.addRole({
    ...{ arn: roleArn, policies: [any] },
    trust: { Version: "2012-10-17", Statement: { Effect: "Allow", Principal, Action } },
  });
  const sts = new STSClient({ ...endpoints.aws, credentials: { ...cloud.operator } });

  /** Takes the role under this name, with a source identity of the same name or another. */
  async function assume(name: string, SourceIdentity?: string) {
    const named = SourceIdentity === undefined ? {} : { SourceIdentity };
    const { Credentials: made } = await sts.send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: name, ...named }),
    );
    return {
      ...{ accessKeyId: made?.AccessKeyId ?? "", secretAccessKey: made?.SecretAccessKey ?? "" },
      sessionToken: made?.SessionToken ?? "",
    };
  }

  /** Calls `approve`, signed with these credentials. */
  async function call(credentials: Awaited<ReturnType<typeof assume>>, path: string, content?: object) {
    const { protocol, hostname, port, host, origin } = new URL(endpoints.approve);
    const signer = new SignatureV4({ credentials, region: endpoints.aws.region, service: "lambda", sha256: Sha256 });
    const method = content ? "POST" : "GET";
    const body = content && JSON.stringify(content);
    const headers = { host, ...(body && { "content-type": "application/json" }) };
    const request = { method, protocol, hostname, port: Number(port), path, headers, ...(body && { body }) };
    const { host: _, ...sent } = (await signer.sign(request)).headers;
    const answer = await fetch(`${origin}${path}`, { method, headers: sent, ...(body && { body }) });
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
  }

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
    ...{ world, assume, call, planner },
    signIn: async () => (await provider.signInAs("planner")).id_token,
    async close() {
      await world.close();
      rmSync(registry, { recursive: true, force: true });
    },
  };
}
