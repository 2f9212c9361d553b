import { describe, expect, test } from "vitest";
import { kindsOf } from "../../../client/start/kinds.ts";
import { placesIn, type Surroundings } from "../../../client/start/place.ts";
import { Agent } from "../../../client/start.ts";
import { assuranceLevels } from "../../../core/model/assurance.ts";

const around = (env: Record<string, string>, files: Record<string, string> = {}): Surroundings => ({
  env,
  exists: (path) => path in files,
  read: (path) => files[path],
});
const vendor = "/sys/devices/virtual/dmi/id/sys_vendor";
const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
const onEc2 = { [vendor]: "Amazon EC2\n" };
const byRole = ["aws-sts-web-identity", "aws-sts-caller-identity"];

const cases: readonly (readonly [string, Surroundings, readonly string[], readonly string[]])[] = [
  ["a function", around({ AWS_LAMBDA_FUNCTION_NAME: "f", AWS_REGION: "eu-west-1" }), ["lambda"], byRole],
  [
    "a task",
    around({ ECS_CONTAINER_METADATA_URI_V4: "http://169.254.170.2/v4/a" }, onEc2),
    ["ecs"],
    ["ecs-task", ...byRole],
  ],
  ["an instance", around({}, onEc2), ["ec2"], [...byRole, "aws-ec2-instance-identity"]],
  ["a machine of another maker", around({}, { [vendor]: "QEMU\n" }), [], []],
  ["a pod with a role by its token", around({ ...pod, AWS_WEB_IDENTITY_TOKEN_FILE: "/t" }, onEc2), ["eks"], byRole],
  [
    "a pod with a role by Pod Identity",
    around({ ...pod, AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials" }, onEc2),
    ["eks"],
    byRole,
  ],
  ["a pod without a role, which never takes its host's", around(pod, onEc2), [], []],
  ["an enclave", around({}, { "/dev/nsm": "" }), ["enclave"], ["aws-nitro-enclave"]],
  [
    "a job that may ask for tokens",
    around({ GITHUB_ACTIONS: "true", ACTIONS_ID_TOKEN_REQUEST_URL: "https://x" }),
    ["github"],
    ["oidc"],
  ],
  ["a job that may not", around({ GITHUB_ACTIONS: "true" }), [], []],
  [
    "a host with a Workload API",
    around({ SPIFFE_ENDPOINT_SOCKET: "unix:///a" }),
    ["spiffe"],
    ["spiffe-x509-svid", "spiffe-jwt-svid"],
  ],
  [
    "a pod with a role and a Workload API",
    around({ ...pod, AWS_WEB_IDENTITY_TOKEN_FILE: "/t", SPIFFE_ENDPOINT_SOCKET: "unix:///a" }),
    ["spiffe", "eks"],
    ["spiffe-x509-svid", ...byRole, "spiffe-jwt-svid"],
  ],
  ["a laptop", around({}), [], []],
];

describe("where a process runs", () => {
  test.each(cases)("is known for %s, with what it can show there", (_what, surroundings, places, types) => {
    expect(placesIn(surroundings)).toEqual(places);
    expect(kindsOf(places as never, { surroundings }).map(({ type }) => type)).toEqual(types);
  });

  test("decides an order that is never from weaker to stronger, and of eight kinds at most", () => {
    const everywhere = ["lambda", "ecs", "ec2", "eks", "enclave", "github", "spiffe"] as const;
    const kinds = kindsOf(everywhere, { surroundings: around({}), projectedToken: { path: "/t" } });
    const levels = kinds.map(({ assurance }) => assuranceLevels.indexOf(assurance));
    expect(levels).toEqual([...levels].sort((a, b) => b - a));
    // of one type, the first is the one that is there: a job's token before a file's
    expect(kinds.length).toBeLessThanOrEqual(9);
  });
});

describe("an agent is not started, and nothing is asked,", () => {
  const issuer = "https://id.example";
  const agent = "spiffe://agents.example/one";
  const fetch = () => Promise.reject(new Error("asked"));

  test("where nothing is known to show", async () => {
    await expect(Agent.start({ issuer, agent, fetch, surroundings: around({}) })).rejects.toMatchObject({
      code: "evidence_failed",
      description: expect.stringContaining("no place that is known"),
    });
  });

  test("where all that the place offers is weaker than wanted, or another kind", async () => {
    const surroundings = around({ AWS_LAMBDA_FUNCTION_NAME: "f", AWS_REGION: "eu-west-1" });
    for (const bound of [{ minimumAssurance: "measured" as const }, { evidence: ["oidc"] }])
      await expect(Agent.start({ issuer, agent, fetch, surroundings, ...bound })).rejects.toMatchObject({
        description: "nothing that lambda offers may be shown",
      });
  });
});
