import { beforeAll, describe, expect, it } from "vitest";
import { oidc } from "../../../core/attest/methods/oidc/attestor.ts";
import { matchSelectors } from "../../../core/attest/selectors.ts";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import type { Selector } from "../../../core/model/agent-registration.ts";
import type { Registration, TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { trustedIssuerFindings } from "../../../core/registry/checks/trusted-issuer.ts";
import { registrationSchema } from "../../../core/registry/schema.ts";
import { MemoryWeb } from "../../kit/memory/web.ts";
import { agent, registry } from "../../kit/registry.ts";
import { type TestKey, testKey } from "../../kit/wire/key.ts";

const ours = "https://abc123.lambda-url.eu-west-1.on.aws";
const now = 1_785_542_400;
const tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const oid = "9f0bfaf5-2b7a-4f29-9a4c-1a2b3c4d5e6f";
const appIdUri = "api://5e2b1a3c-1111-4222-8333-444455556666";
const azureHours = 86_700;

/** A platform: its issuer as registered, what its token says, what a registration should select, and what must not pass. */
interface Platform {
  readonly issuer: string;
  /** Where its discovery document sends for keys. */
  readonly jwks: string;
  readonly registered?: Partial<TrustedIssuerRegistration>;
  readonly header?: object;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly exact: Selector["exact"];
  readonly others: Readonly<Record<string, object>>;
}

const azure = (issuer: string, more: object): Platform => ({
  issuer,
  jwks: issuer.startsWith("https://sts.windows.net/")
    ? "https://login.windows.net/common/discovery/keys"
    : `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`,
  registered: { audience: appIdUri, maxTokenLifeSeconds: azureHours },
  header: { typ: "JWT", x5t: "nOo3ZDrODXEK1jKWhXslHR_KXEg" },
  payload: {
    aud: appIdUri,
    exp: now + azureHours,
    idp: `https://sts.windows.net/${tenant}/`,
    oid,
    sub: oid,
    tid: tenant,
    ...more,
  },
  exact: { subject: oid, "claim.tid": tenant, "claim.oid": oid },
  others: {
    "another identity of the tenant": { sub: tenant, oid: tenant },
    "the audience of every Azure login": { aud: "api://AzureADTokenExchange" },
    "the management API": { aud: "https://management.azure.com/" },
    "another tenant": { iss: issuer.replace(tenant, oid), tid: oid },
    "the tenant in another claim": { tid: oid },
    "the common endpoint": { iss: "https://login.microsoftonline.com/common/v2.0" },
    "a life beyond a day": { exp: now + azureHours + 1 },
  },
});

const github = (sub: string): Platform => ({
  issuer: "https://token.actions.githubusercontent.com",
  jwks: "https://token.actions.githubusercontent.com/.well-known/jwks",
  header: { typ: "JWT", x5t: "ykNaY4qM_ta4k2TgZOCEYLkcYlA" },
  payload: {
    aud: ours,
    exp: now + 300,
    nbf: now - 300,
    sub,
    repository: "octo-org/octo-repo",
    repository_id: "74",
    repository_owner_id: "65",
    environment: "prod",
    ref: "refs/heads/main",
    runner_environment: "github-hosted",
  },
  exact: {
    subject: sub,
    "claim.repository_id": "74",
    "claim.repository_owner_id": "65",
    "claim.ref": "refs/heads/main",
  },
  others: {
    "a repository that took over the name": { repository_id: "75" },
    "a subject of another repository's ids": { sub: "repo:octo-org@65/octo-repo@75:environment:prod" },
    "a pull request": { ref: "refs/pull/1/merge" },
    "an enterprise's own issuer": { iss: "https://token.actions.githubusercontent.com/octo-enterprise" },
  },
});

const platforms: Readonly<Record<string, Platform>> = {
  "Azure, tokens of version 1": azure(`https://sts.windows.net/${tenant}/`, {
    appid: "0c1d2e3f-1111-4222-8333-444455556666",
    appidacr: "2",
    xms_mirid:
      "/subscriptions/1/resourcegroups/agents/providers/Microsoft.ManagedIdentity/userAssignedIdentities/billing",
    ver: "1.0",
  }),
  "Azure, tokens of version 2": azure(`https://login.microsoftonline.com/${tenant}/v2.0`, {
    azp: "0c1d2e3f-1111-4222-8333-444455556666",
    azpacr: "2",
    ver: "2.0",
  }),
  "Google Compute Engine": {
    issuer: "https://accounts.google.com",
    jwks: "https://www.googleapis.com/oauth2/v3/certs",
    header: { typ: "JWT" },
    payload: {
      aud: ours,
      azp: "110987294251917851298",
      email: "billing@agents-1.iam.gserviceaccount.com",
      email_verified: true,
      exp: now + 3600,
      google: {
        compute_engine: {
          instance_creation_timestamp: now - 100,
          instance_id: "4340508760561261530",
          instance_name: "billing-1",
          project_id: "agents-1",
          project_number: 716_149_158_341,
          zone: "europe-west1-b",
        },
      },
      sub: "110987294251917851298",
    },
    exact: {
      subject: "110987294251917851298",
      "claim.azp": "110987294251917851298",
      "claim.email": "billing@agents-1.iam.gserviceaccount.com",
      "claim.google.compute_engine.project_id": "agents-1",
    },
    others: {
      "another service account": { sub: "1", azp: "1" },
      "an account that has the mail address now": { sub: "1" },
      "a person's client": { azp: "123.apps.googleusercontent.com" },
      "another project": { google: { compute_engine: { project_id: "agents-2" } } },
      "no machine": { google: undefined },
      "Google's bare issuer": { iss: "accounts.google.com" },
    },
  },
  GitLab: {
    issuer: "https://gitlab.com",
    jwks: "https://gitlab.com/oauth/discovery/keys",
    header: { typ: "JWT" },
    payload: {
      aud: ours,
      exp: now + 3600,
      nbf: now - 5,
      jti: "3d3d5e7a-0000-4000-8000-00000000000f",
      namespace_id: "72",
      namespace_path: "agents",
      project_id: "20",
      project_path: "agents/billing",
      user_id: "1",
      user_login: "someone",
      user_email: "someone@example.com",
      pipeline_id: "574",
      pipeline_source: "push",
      job_id: "302",
      ref: "main",
      ref_type: "branch",
      ref_path: "refs/heads/main",
      ref_protected: "true",
      runner_id: 1,
      runner_environment: "gitlab-hosted",
      sha: "714a629c0b401fdce83e847fc9589983fc6f46bc",
      sub: "project_path:agents/billing:ref_type:branch:ref:main",
    },
    exact: {
      subject: "project_path:agents/billing:ref_type:branch:ref:main",
      "claim.project_id": "20",
      "claim.ref_protected": "true",
    },
    others: {
      "a project made again under the name": { project_id: "21" },
      "an unprotected ref of the name": { ref_protected: "false" },
      "a tag called as the branch": { sub: "project_path:agents/billing:ref_type:tag:ref:main" },
      "GitLab's own audience": { aud: "https://gitlab.com" },
      "the id as a number": { project_id: 20 },
    },
  },
  "GitHub Actions, subject of names": github("repo:octo-org/octo-repo:environment:prod"),
  "GitHub Actions, immutable subject": github("repo:octo-org@65/octo-repo@74:environment:prod"),
  EKS: {
    issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
    jwks: "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE/keys",
    payload: {
      aud: [ours],
      exp: now + 3600,
      nbf: now,
      "kubernetes.io": {
        namespace: "agents",
        node: { name: "n", uid: "9c8b" },
        pod: { name: "billing-7f9", uid: "5ab6" },
        serviceaccount: { name: "billing", uid: "a3c4" },
      },
      sub: "system:serviceaccount:agents:billing",
    },
    exact: { subject: "system:serviceaccount:agents:billing", "claim.kubernetes.serviceaccount.uid": "a3c4" },
    others: {
      "an account made again under the name": {
        "kubernetes.io": { namespace: "agents", serviceaccount: { name: "billing", uid: "ffff" } },
      },
      "another cluster": { iss: "https://oidc.eks.us-east-1.amazonaws.com/id/FFFFFFD539D4633E53DE1B71EXAMPLE" },
      "no cluster": { iss: "https://oidc.eks.us-east-1.amazonaws.com" },
      "AWS beside us": { aud: [ours, "sts.amazonaws.com"] },
    },
  },
};

let key: TestKey;
beforeAll(async () => {
  key = await testKey();
});

describe.each(Object.entries(platforms))("a token of %s", (_name, platform) => {
  const { issuer, jwks, registered, header, payload, exact, others } = platform;
  const trusted: TrustedIssuerRegistration = {
    kind: "trusted-issuer",
    name: "platform",
    purpose: "workload",
    issuer,
    algorithms: ["ES256"],
    ...registered,
  };
  const selector = { type: "oidc", exact: { issuer, ...exact } };
  const billing = agent("billing", { selectors: [selector], minimumAssurance: "document" });

  async function decide(claims: object): Promise<string> {
    const web = new MemoryWeb();
    // signed by the very key the platform publishes: only what is said differs
    web.issuer(issuer, [{ ...key.jwk, kid: "k", use: "sig", x5t: "x", issuer }], jwks);
    const keySets = createKeySets({ fetcher: web, clock: { nowMillis: () => now * 1000 }, ownIssuer: ours });
    const token = key.jws({ alg: "ES256", kid: "k", ...header }, { iss: issuer, iat: now, ...payload, ...claims });
    const rows = registry(1, trusted, billing);
    const expected = { challenge: "c", jkt: "j", issuer: ours, nowSeconds: now, registry: rows };
    const attested = await oidc({ keySets }).attest({ type: "oidc", token }, expected);
    if (!attested.ok) return attested.error.code;
    const matched = matchSelectors("billing", billing, { type: "oidc", ...attested.value });
    return matched.ok ? "accepted" : matched.error.code;
  }

  it("is of an issuer and selected by claims that the registry takes as they are", () => {
    const settings = { issuer: ours, trustDomain: "lanyard.example" };
    expect(trustedIssuerFindings(trusted, settings)).toEqual([]);
    for (const row of [trusted, billing] satisfies Registration[])
      expect(registrationSchema.safeParse(row).error?.issues ?? []).toEqual([]);
  });

  it("proves the workload that is registered", async () => expect(await decide({})).toBe("accepted"));

  it.each(Object.entries(others))("proves nothing when it names %s", async (_other, claims) =>
    expect(["evidence_invalid", "selector_mismatch"]).toContain(await decide(claims)),
  );

  it("proves nothing when it is for somebody else, or for a person's program", async () => {
    expect(await decide({ aud: "https://other.example" })).toBe("evidence_invalid");
    expect(await decide({ sub: "someone" })).toBe("selector_mismatch");
  });
});
