import { describe, expect, it } from "vitest";
import { bindCode } from "../../core/attest/code-binding.ts";
import type { AttestedFacts } from "../../core/attest/contract/attestor.ts";
import type { CodeLookup } from "../../core/attest/contract/aws.ts";
import { createAttestEndpoint } from "../../core/endpoints/attest.ts";
import type { CodeBinding } from "../../core/model/agent-registration.ts";
import { err, ok } from "../../core/model/result.ts";
import { registrationSchema } from "../../core/registry/schema.ts";
import { codeProblems } from "../../core/registry/selectors.ts";
import { agent, agentId } from "../kit/registry.ts";
import { attests } from "../kit/world/attests.ts";
import { createWorld } from "../kit/world/world.ts";

const functionArn = "arn:aws:lambda:eu-west-1:123456789012:function:planner";
const release = `${"A".repeat(43)}=`;
const image = `sha256:${"a".repeat(64)}`;
const attested = (more: Partial<AttestedFacts> = {}): AttestedFacts => ({
  facts: { functionArn },
  tags: {},
  assurance: "fresh",
  evidenceEntry: { kind: "evidence", key: "k", expiresAtSeconds: 1 },
  ...more,
});
const asked: string[] = [];
const lookupOf = (answer: Awaited<ReturnType<CodeLookup["functionVersion"]>>): CodeLookup => ({
  functionVersion: async (arn, version) => {
    asked.push(`${arn}:${version}`);
    return answer;
  },
  task: async () => err({ why: "missing", detail: "not asked for" }),
  role: async () => err({ why: "missing", detail: "not asked for" }),
});
const version7 = { arn: `${functionArn}:7`, version: "7", codeSha256: release };
const bind = (
  code: CodeBinding | undefined,
  facts = attested(),
  lookup: CodeLookup | undefined = lookupOf(ok(version7)),
) =>
  bindCode(
    {
      agent: "spiffe://x/agent/planner",
      type: "t",
      registration: agent("planner", code ? { code } : {}),
      attested: facts,
    },
    { lookup, onCheck: () => undefined },
  );
const lambda = (releases = [release]): CodeBinding => ({ lambda: { version: "7" }, releases });

describe("an agent that is bound to code", () => {
  it("attests with the digest of the published version its registration names", async () => {
    asked.length = 0;
    expect(await bind(lambda())).toEqual({ ok: true, value: release });
    expect(asked).toEqual([`${functionArn}:7`]);
  });

  it("is refused when that version is no release", async () => {
    expect(await bind(lambda(["other"]))).toEqual({
      ok: false,
      error: { code: "build_not_released", agent: "spiffe://x/agent/planner", build: release },
    });
  });

  it.each<[string, Partial<typeof version7>]>([
    ["what is not published", { arn: functionArn, version: "$LATEST" }],
    ["another version", { arn: `${functionArn}:8`, version: "8" }],
    ["another version under the right name", { version: "8" }],
    ["another function", { arn: functionArn.replace("planner", "evil:7") }],
  ])("threat 30: is refused when Lambda describes %s", async (_name, wrong) => {
    expect(await bind(lambda(), attested(), lookupOf(ok({ ...version7, ...wrong })))).toMatchObject({
      error: { code: "evidence_insufficient" },
    });
  });

  it("is refused where the stage looks nothing up, the evidence names no function, or there is no such version", async () => {
    const refusals = [
      await bindCode(
        { agent: "a", type: "t", registration: agent("planner", { code: lambda() }), attested: attested() },
        { onCheck: () => undefined },
      ),
      await bind(lambda(), attested({ facts: {} })),
      await bind(lambda(), attested(), lookupOf(err({ why: "missing", detail: "ResourceNotFoundException" }))),
    ];
    for (const refusal of refusals) expect(refusal).toMatchObject({ error: { code: "evidence_insufficient" } });
  });

  it("is refused, to be tried again, while Lambda cannot be asked", async () => {
    const lookup = lookupOf(err({ why: "unavailable", detail: "TooManyRequestsException" }));
    expect(await bind(lambda(), attested(), lookup)).toMatchObject({ error: { code: "attestation_unavailable" } });
  });

  it("attests with the image of the container its registration names, all others being releases too", async () => {
    const code = { ecs: { container: "agent" }, releases: [image, "sha256:side"] };
    const images = { agent: image, side: "sha256:side" };
    expect(await bind(code, attested({ images }))).toEqual({ ok: true, value: image });
    expect(await bind({ ...code, releases: [image] }, attested({ images }))).toMatchObject({
      error: { code: "build_not_released", build: "sha256:side" },
    });
  });

  it.each<[string, Partial<AttestedFacts>]>([
    ["no images", {}],
    ["no such container", { images: { side: image } }],
    ["a container of the prototype's", { images: {} }],
  ])("is refused when the platform tells %s", async (_name, more) => {
    const container = more.images && Object.keys(more.images).length === 0 ? "constructor" : "agent";
    expect(await bind({ ecs: { container }, releases: [image] }, attested(more))).toMatchObject({
      error: { code: "evidence_insufficient" },
    });
  });

  it("attests by what the evidence measured where nothing is to be looked up", async () => {
    expect(await bind({ releases: ["pcr0"] }, attested({ build: "pcr0" }))).toEqual({ ok: true, value: "pcr0" });
    expect(await bind({ releases: ["pcr0"] }, attested({ build: "other" }))).toMatchObject({
      error: { code: "build_not_released" },
    });
    expect(await bind({ releases: ["pcr0"] })).toMatchObject({ error: { code: "evidence_insufficient" } });
  });

  it("that is bound to none keeps what its evidence measured", async () => {
    expect(await bind(undefined, attested({ build: "pcr0" }))).toEqual({ ok: true, value: "pcr0" });
    expect(await bind(undefined)).toEqual({ ok: true, value: undefined });
  });
});

describe("a refusal by code says why", () => {
  const image2 = "sha256:side";
  const both = { agent: image, side: image2 };
  const ecs = { ecs: { container: "agent" }, releases: [image] };
  it.each<[string, CodeBinding, Partial<AttestedFacts>, CodeLookup | undefined, readonly string[]]>([
    ["no release", lambda(["x"]), {}, lookupOf(ok(version7)), ["code-source", "code-version", "!code-release"]],
    ["no function", lambda(), { facts: {} }, lookupOf(ok(version7)), ["!code-source"]],
    ["no version", lambda(), {}, lookupOf(err({ why: "missing", detail: "x" })), ["code-source", "!code-version"]],
    [
      "nobody to ask",
      lambda(),
      {},
      lookupOf(err({ why: "unavailable", detail: "x" })),
      ["code-source", "!code-version"],
    ],
    ["another function", lambda(), {}, lookupOf(ok({ ...version7, arn: "x" })), ["code-source", "!code-version"]],
    ["no look", lambda(), {}, undefined, ["!code-source"]],
    ["a foreign sidecar", ecs, { images: both }, undefined, ["code-source", "!code-release"]],
    ["no image", ecs, {}, undefined, ["!code-source"]],
    ["nothing measured", { releases: ["pcr0"] }, {}, undefined, ["!code-source"]],
    ["another measurement", { releases: ["pcr0"] }, { build: "other" }, undefined, ["code-source", "!code-release"]],
  ])("by the checks up to the one that failed: %s", async (_case, code, more, lookup, expected) => {
    const told: string[] = [];
    const facts = attested({ ...more });
    const registration = agent("planner", { code });
    const refused = await bindCode(
      { agent: "a", type: "t", registration, attested: facts },
      {
        lookup,
        onCheck: ({ name, ok: held, detail }) => {
          told.push(held ? name : `!${name}`);
          expect(detail).toMatch(/^.{1,80}$/);
        },
      },
    );
    expect([refused.ok, told]).toEqual([false, expected]);
  });
});

describe("the attest endpoint", () => {
  const world = async (code: CodeBinding, answer = ok(version7)) => {
    const selectors = [{ type: "aws-sts-web-identity", exact: { functionArn } }];
    const bound = await createWorld([agent("planner", { code, selectors })], attests());
    const lookup = lookupOf(answer);
    return { ...bound, endpoint: createAttestEndpoint({ ...bound.attestDeps, codeLookup: lookup }) };
  };

  it("writes the build into identity token and audit record, and binds it to the build's epoch", async () => {
    const made = await world(lambda());
    const { status, body } = await made.endpoint(made.attestCall("/", await made.request()));
    expect(status).toBe(200);
    const claims = await made.verify((JSON.parse(body) as { identity_token: string }).identity_token);
    expect(claims).toMatchObject({ ok: true, value: { build: release, epochs: { [`build:${release}`]: 0 } } });
    const record = JSON.parse(made.store.records.at(-1)?.body ?? "{}");
    expect(record.unmapped.lanyard.build).toBe(release);
  });

  it("gives no token for code that is no release, and keeps its digest readable in the audit", async () => {
    const made = await world(lambda(["other"]));
    const { status, body } = await made.endpoint(made.attestCall("/", await made.request()));
    expect([status, JSON.parse(body).error]).toEqual([401, "invalid_client"]);
    expect(made.takeDenial().own).toMatchObject({
      build: release,
      denial: { code: "build_not_released" },
      // the checks of the evidence passed: those of the code explain the refusal
      checks: [
        { name: "code-source", ok: true },
        { name: "code-version", ok: true, detail: "version 7, as configured now" },
        { name: "code-release", ok: false, detail: "no release of the registration" },
      ],
    });
  });

  it("threat 15: looks nothing up for evidence that is not the agent's", async () => {
    const made = await world(lambda());
    asked.length = 0;
    const request = await made.request({ sts: { lambda_source_function_arn: undefined } });
    expect((await made.endpoint(made.attestCall("/", { ...request, agent: agentId("planner") }))).status).toBe(401);
    expect(asked).toEqual([]);
  });
});

describe("a registration's code", () => {
  const row = (code: unknown) =>
    registrationSchema.safeParse({ ...agent("planner", { selectors: [{ type: "t", exact: { a: "b" } }] }), code })
      .success;
  it("names a published version or a container, and releases", () => {
    expect([row(lambda()), row({ ecs: { container: "agent" }, releases: [image] }), row({ releases: ["x"] })]).toEqual([
      true,
      true,
      true,
    ]);
  });
  it.each<[string, unknown]>([
    ["$LATEST", { lambda: { version: "$LATEST" }, releases: ["x"] }],
    ["an alias", { lambda: { version: "live" }, releases: ["x"] }],
    ["no releases", { lambda: { version: "7" }, releases: [] }],
    ["a wildcard among releases", { releases: ["*"] }],
    ["both function and task", { lambda: { version: "7" }, ecs: { container: "a" }, releases: ["x"] }],
    ["something else", { releases: ["x"], image: "y" }],
  ])("is refused with %s", (_name, code) => {
    expect(row(code)).toBe(false);
  });
  it("is refused where evidence could never tell it", () => {
    const web = { type: "aws-sts-web-identity", exact: { roleArn: "r" } };
    const task = { type: "ecs-task", exact: { roleId: "r" } };
    expect(codeProblems(agent("a", { code: lambda(), selectors: [web] }))).toHaveLength(1);
    expect(codeProblems(agent("a", { code: lambda(), selectors: [{ ...web, exact: { functionArn } }] }))).toEqual([]);
    expect(
      codeProblems(agent("a", { code: { ecs: { container: "c" }, releases: ["x"] }, selectors: [task, web] })),
    ).toHaveLength(1);
    expect(codeProblems(agent("a", { code: { ecs: { container: "c" }, releases: ["x"] }, selectors: [task] }))).toEqual(
      [],
    );
  });
});
