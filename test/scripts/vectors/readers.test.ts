import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { copyOf, folderWith, rewrite, tried } from "../readers.ts";
import { mutants } from "./mutants.ts";

describe("a reader of vectors", () => {
  it.each(mutants)("fails one case of %s/%s alone: %s", async (topic, file, _what, change, why) => {
    const folder = copyOf(topic);
    expect((await tried(join(folder, file))).failed).toEqual([]);
    rewrite(folder, file, change);
    expect((await tried(join(folder, file))).why).toEqual([expect.stringMatching(why)]);
  });
});

describe("strangers' forms of a signed request", () => {
  const one = {
    expect: "accept",
    now: "20260801T000000Z",
    url: "https://sts.us-east-2.amazonaws.com/?Action=GetCallerIdentity",
    token: "k8s-aws-v1.x",
    upstream_error: null,
  };

  it("are refused before anything is sent, whatever others would say", async () => {
    const { trials } = await tried(
      folderWith({ "presigned-url-cases.json": { cases: [one, { ...one, url: ":no url" }] } }),
    );
    expect(trials.map(({ outcome, passed }) => [outcome, passed])).toEqual([
      ["invalid", true],
      ["invalid", true],
    ]);
    expect(
      (await tried(folderWith({ "presigned-url-cases.json": { cases: [{ ...one, now: "today" }] } }))).why,
    ).toEqual([expect.stringContaining("no case: now")]);
  });
});

describe("the signing suite", () => {
  const settings = {
    credentials: { access_key_id: "AKIDEXAMPLE", secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
    normalize: true,
    region: "us-east-1",
    service: "service",
    sign_body: false,
    timestamp: "2015-08-30T12:36:00Z",
  };
  const suite = (change: object, more: object = {}) =>
    folderWith({
      "sigv4-suite.json": {
        one: {
          "context.json": JSON.stringify({ ...settings, ...change }),
          "request.txt": "GET / HTTP/1.1\nHost:example.amazonaws.com\n",
          "header-signature.txt": "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
          ...more,
        },
      },
    });

  it("passes the published signature of a plain request, and fails every other", async () => {
    expect((await tried(suite({}))).failed).toEqual([]);
    expect((await tried(suite({ region: "us-east-2" }))).why).toEqual([expect.stringContaining("another signature")]);
    expect(
      (await tried(suite({}, { "request.txt": "GET /x HTTP/1.1\nHost:example.amazonaws.com\n" }))).failed,
    ).toHaveLength(1);
    expect((await tried(suite({ timestamp: 7 }))).failed).toHaveLength(1);
  });
});

describe("classes of OCSF", () => {
  const activities = { 1: "Assign Privileges", 2: "Assign Groups", 99: "Other" };
  const others = Object.fromEntries(
    [
      ["authentication", 3002],
      ["entity_management", 3004],
      ["api_activity", 6003],
    ].map(([name, uid]) => [
      name,
      {
        class_uid: uid,
        activities: Object.fromEntries(
          ["Logon", "Create", "Read", "Update", "Delete", "Enable", "Disable", "Logoff", "Service Ticket Request"].map(
            (one, index) => [index, one],
          ),
        ),
        required: [],
      },
    ]),
  );
  const list = (one: object) => ({
    ...others,
    authorize_session: { class_uid: 3003, activities, required: ["time"], ...one },
  });

  it.each<[string, object, RegExp]>([
    ["an activity of another name", { activities: { 1: "Something" } }, /session\.open: activity 1 is Something/],
    ["a member that we do not write", { required: ["time", "wanted"] }, /session\.open: wanted is missing/],
    ["another number", { class_uid: 9 }, /is a class that we write and that is not here/],
  ])("fail what we write for %s", async (_what, change, why) => {
    const good = (await tried(folderWith({ "ocsf-0.classes.json": list({}) }))).why;
    const bad = (await tried(folderWith({ "ocsf-0.classes.json": list(change) }))).why;
    expect(bad.filter((line) => !good.includes(line))).toEqual([expect.stringMatching(why)]);
    expect(good.filter((line) => line.startsWith("authorize_session"))).toEqual([]);
  });

  it("are read from the compiled schema too, of which the members of a profile are nobody's", async () => {
    const attributes = {
      activity_id: { enum: { 1: { caption: "Assign Privileges" } } },
      osint: { requirement: "required", profiles: ["osint"] },
      wanted: { requirement: "required" },
    };
    const folder = folderWith({});
    const file = join(folder, "ocsf-0.compiled.json.gz");
    writeFileSync(
      file,
      gzipSync(JSON.stringify({ version: "0", classes: { authorize_session: { uid: 3003, attributes } } })),
    );
    expect((await tried(file)).why.at(-1)).toMatch(/authorize_session: invalid: session\.open: wanted is missing/);
    writeFileSync(file, "no gzip");
    expect((await tried(file)).failed).toHaveLength(1);
  });
});

describe("records of CloudTrail", () => {
  it("pass when no secret is left of them, and fail one of no shape", async () => {
    const event = {
      eventName: "AssumeRole",
      eventSource: "sts.amazonaws.com",
      responseElements: { credentials: { accessKeyId: "ASIAIOSFODNN7EXAMPLE", sessionToken: "x1Y".repeat(40) } },
    };
    const { trials, why } = await tried(
      folderWith({
        "panther-tests.json": {
          records: [
            { test: "a role", event },
            { test: "odd" },
            { test: "left", event: { ...event, password: "only-lower-case-words-are-no-secret-to-the-log-at-all" } },
          ],
        },
      }),
    );
    expect(trials[0]).toMatchObject({ passed: true });
    expect(why).toEqual([
      expect.stringContaining("2: error: no case"),
      expect.stringMatching(/left: invalid: a secret of \d+ characters is left/),
    ]);
  });
});

describe("sentences and payloads", () => {
  it("of observations are counted as n/a, one by one, and an empty list fails", async () => {
    const { trials } = await tried(folderWith({ "observed-facts.json": { facts: ["STS answers.", "Tags stick."] } }));
    expect(trials.map(({ outcome, passed }) => [outcome, passed])).toEqual([
      ["n/a", undefined],
      ["n/a", undefined],
    ]);
    expect((await tried(folderWith({ "observed-facts.json": { facts: [] } }))).failed).toHaveLength(1);
  });

  it("of a workload must be matched by their ids: one without its repository fails", async () => {
    const github = {
      iss: "https://token.actions.githubusercontent.com",
      sub: "repo:octo-org/octo-repo:environment:prod",
      aud: "https://agents.example.com",
      iat: 1_785_542_400,
      nbf: 1_785_542_340,
      exp: 1_785_542_700,
      jti: "j",
      repository_id: "74",
      repository_owner_id: "65",
      ref: "refs/heads/main",
      environment: "prod",
      job_workflow_ref: "o/a/.github/workflows/x.yml@refs/heads/main",
    };
    const kubernetes = {
      iss: "https://oidc.eks.us-east-1.amazonaws.com/id/X",
      sub: "system:serviceaccount:agents:billing",
      aud: ["https://agents.example.com"],
      iat: 1_785_542_400,
      nbf: 1_785_542_400,
      exp: 1_785_546_000,
      jti: "k",
      "kubernetes.io": { namespace: "agents", serviceaccount: { name: "billing", uid: "u" } },
    };
    const samples = (change: object) =>
      folderWith({
        "payload-samples.json": {
          github: { source: "s", payload: { ...github, ...change } },
          kubernetes: { source: "s", payload: kubernetes },
        },
      });
    expect((await tried(samples({}))).failed).toEqual([]);
    expect((await tried(samples({ repository_id: undefined }))).why).toEqual([
      expect.stringMatching(/^github: invalid: selector_mismatch/),
    ]);
    expect((await tried(samples({ sub: "somebody" }))).why).toEqual([expect.stringMatching(/^github: invalid/)]);
  });
});
