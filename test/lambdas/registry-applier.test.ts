import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { beforeEach, expect, test } from "vitest";
import { registryDigest } from "../../core/registry/digest.ts";
import { answerResource, type ResourceEvent } from "../../lambdas/custom-resource.ts";
import { registryResource } from "../../lambdas/registry-applier/resource.ts";
import { randomIds } from "../kit/keys.ts";
import { MemoryRegistry } from "../kit/memory/registry-store.ts";
import { toRecord } from "../kit/records.ts";
import { baseRows, trustDomain } from "../kit/registry.ts";

const people = baseRows.filter((row) => row.kind === "trusted-issuer");
const digest = registryDigest(people);
const documents = people.map((value, at) => ({ file: "trust.yaml", line: at * 10 + 1, value }));
let registry: MemoryRegistry;
let said: { level: string; message: string; outcome?: unknown; version?: unknown }[];
beforeEach(() => {
  registry = new MemoryRegistry();
  said = [];
});

/** Sends one event and returns what CloudFormation is answered. */
async function send(
  RequestType: ResourceEvent["RequestType"],
  ResourceProperties: Record<string, unknown>,
  packed = documents,
) {
  const note = (level: string) => (message: string, more: object) => void said.push({ level, message, ...more });
  const deps = {
    registry,
    clock: { nowMillis: () => 1 },
    ids: randomIds,
    toRecord,
    issuer: "https://i.example",
    trustDomain,
    cedar,
  };
  const resource = registryResource({ digest, documents: packed }, deps, { info: note("info"), warn: note("warn") });
  const event = {
    RequestType,
    ResponseURL: "https://cloudformation.example/answer",
    StackId: "arn:aws:cloudformation:eu-west-1:111122223333:stack/lanyard-prod-service/1",
    RequestId: "r",
    LogicalResourceId: "Registry",
    ResourceProperties,
  };
  let body = "";
  const answered = async (_: unknown, init?: RequestInit) => {
    body = String(init?.body);
    return new Response("");
  };
  await answerResource(event, resource, answered as typeof fetch);
  return JSON.parse(body) as Record<string, unknown>;
}

test("tells version and outcome as attributes, under one id for good", async () => {
  expect(await send("Create", { Digest: digest, Force: "false" })).toMatchObject({
    Status: "SUCCESS",
    PhysicalResourceId: "registry",
    Data: { Version: "1", Outcome: "applied" },
  });
  expect(said).toEqual([expect.objectContaining({ level: "info", outcome: "applied", version: 1 })]);
});

test.each([undefined, 7, "", "A".repeat(64), `${"a".repeat(64)}\n`, ["a".repeat(64)]])(
  "refuses %j as a digest, and writes nothing",
  async (Digest) => {
    expect(await send("Create", { Digest, Force: "true" })).toMatchObject({ Status: "FAILED" });
    expect(registry.versions.size).toBe(0);
  },
);

test("fails with file and line of what the real issuer does not let be, and says so in the log", async () => {
  const [first] = documents;
  if (!first) throw new Error("no document");
  // at synthesis nobody knew the issuer
  const own = { file: "trust.yaml", line: 31, value: { ...first.value, name: "self", issuer: "https://i.example" } };
  const answer = await send("Create", { Digest: digest, Force: "false" }, [...documents, own]);
  expect(answer).toMatchObject({ Status: "FAILED", Reason: expect.stringContaining("trust.yaml:31: issuer") });
  expect(said.map(({ level }) => level)).toEqual(["warn"]);
  expect(registry.versions.size).toBe(0);
});

test("Delete leaves the registry as it is, whatever its properties say", async () => {
  await send("Create", { Digest: digest, Force: "false" });
  expect(await send("Delete", {})).toMatchObject({ Status: "SUCCESS", PhysicalResourceId: "registry" });
  expect(await registry.applied()).toBe(1);
});
