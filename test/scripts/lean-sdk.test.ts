import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildOptions } from "../../scripts/build.ts";
import { filesBelow } from "../../scripts/kept/hash.ts";
import { keptErrors, leanSchemas, leastRecentlyUsed } from "../../scripts/lean-sdk.ts";
import { listen } from "../kit/wire/server.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lanyard-lean-"));
const client = (name: string, file: string) =>
  readFileSync(join(root, `node_modules/@aws-sdk/client-${name}/dist-es`, file), "utf8");
const source = (name: string) => ({
  schemas: client(name, "schemas/schemas_0.js"),
  errors: client(name, "models/errors.js"),
  config: client(name, "runtimeConfig.shared.js"),
});
const registered = (text: string): string[] =>
  [...text.matchAll(/^n0_registry\.registerError\(\w+\$, (\w+)\);$/gm)].map(([, name = ""]) => name).sort();

const clients = ["dynamodb", "ecs", "eventbridge", "iam", "kms", "lambda", "s3", "sqs", "ssm"];

interface Failed extends Error {
  readonly $fault: string;
  readonly $metadata: { readonly httpStatusCode: number; readonly attempts: number };
  readonly Item?: object;
}
type Send = (command: string, settings: object) => Promise<Failed | undefined>;
let send: Send;

beforeAll(async () => {
  const contents = `
    import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
    import { DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
    import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
    const made = {
      kms: (settings) => [new KMSClient(settings), new DescribeKeyCommand({ KeyId: "k" })],
      dynamodb: (settings) => [new DynamoDBClient(settings), new PutItemCommand({ TableName: "t", Item: {} })],
      iam: (settings) => [new IAMClient(settings), new GetRoleCommand({ RoleName: "r" })],
    };
    export const isConditional = (failure) => failure instanceof ConditionalCheckFailedException;
    export const send = async (name, settings) => {
      const [client, command] = made[name](settings);
      try { await client.send(command); } catch (failure) { return failure; }
    };`;
  const { outExtension: _, splitting: __, chunkNames: ___, ...options } = buildOptions;
  const outfile = join(folder, "clients.mjs");
  await build({ ...options, stdin: { contents, resolveDir: root }, outfile, write: true });
  ({ send, isConditional } = await import(pathToFileURL(outfile).href));
});
let isConditional: (failure: unknown) => boolean;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settingsFor = (endpoint: string) => ({
  endpoint,
  region: "eu-west-1",
  credentials: { accessKeyId: "a", secretAccessKey: "s" },
  maxAttempts: 2,
});

/** What a bundled client throws when its service answers so. */
async function failure(name: string, answer: { status: number; body: string }, more: object = {}): Promise<Failed> {
  const { origin, close } = await listen(() => answer);
  try {
    const thrown = await send(name, { ...settingsFor(origin), ...more });
    if (thrown === undefined) throw new Error("nothing failed");
    return thrown;
  } finally {
    await close();
  }
}
const json = (status: number, type: string, more: object = {}) => ({
  status,
  body: JSON.stringify({ __type: type, message: "told", ...more }),
});

describe("an error of a service, as a bundle sees it", () => {
  it.each([
    ["kms", "NotFoundException"],
    ["kms", "KMSInvalidStateException"],
    ["kms", "AccessDeniedException"],
    ["dynamodb", "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"],
  ])("of %s has its own name, message and status, %s, when nobody knows it by its class", async (client, type) => {
    expect(await failure(client, json(400, type))).toMatchObject({
      name: type.split("#").at(-1),
      message: "told",
      $fault: "client",
      $metadata: { httpStatusCode: 400, attempts: 1 },
    });
  });

  it("is tried again for its name or its status as before", async () => {
    const throttled = json(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException");
    expect(await failure("dynamodb", throttled)).toMatchObject({
      name: "ProvisionedThroughputExceededException",
      $metadata: { attempts: 2 },
    });
    expect(await failure("kms", json(500, "KMSInternalException"))).toMatchObject({
      name: "KMSInternalException",
      $fault: "server",
      $metadata: { attempts: 2 },
    });
    const inUse = json(400, "com.amazonaws.dynamodb.v20120810#ReplicatedWriteConflictException");
    expect((await failure("dynamodb", inUse)).$metadata.attempts).toBe(2);
  });

  it("is tried again in the standard way for whoever asks for the adaptive one, which is in no bundle", async () => {
    const failed = await failure("kms", json(500, "KMSInternalException"), { retryMode: "adaptive" });
    expect(failed.$metadata.attempts).toBe(2);
    const bundled = readFileSync(join(folder, "clients.mjs"), "utf8");
    // what is configured, the rate limiter, and SHA-256 in JavaScript are known by
    const names = ['"adaptive"', "lastTxRateBucket", "bytesHashed"];
    expect(names.map((name) => bundled.includes(name))).toEqual([true, false, false]);
  });

  it("is of its class and has its members where our sources tell it apart", async () => {
    const type = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    const thrown = await failure("dynamodb", json(400, type, { Item: { id: { S: "x" } } }));
    expect(isConditional(thrown)).toBe(true);
    expect(thrown.Item).toEqual({ id: { S: "x" } });
  });

  it("has the name of its class where the wire calls it otherwise", async () => {
    const body =
      "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>told</Message></Error></ErrorResponse>";
    expect(await failure("iam", { status: 404, body })).toMatchObject({
      name: "NoSuchEntityException",
      message: "told",
    });
  });
});

describe("the schemas of a client", () => {
  it.each(clients)("of %s lose nothing but errors and computed keys", (name) => {
    const from = source(name);
    const lean = leanSchemas(from);
    const without = (text: string) =>
      text.replace(/^n0_registry\.registerError.*$/gm, "").replace(/\[_\w+\]:|"\w+":/g, "key:");
    expect(without(lean)).toBe(without(from.schemas));
    expect(registered(lean).length).toBeLessThanOrEqual(registered(from.schemas).length);
    // a generator that writes otherwise would leave everything in, and nobody would see why a bundle grew
    expect(registered(from.schemas).length).toBeGreaterThan(3);
    expect(lean).not.toMatch(/\[_\w+\]:/);
  });

  it("register every error that our sources know by its class", () => {
    const known = new Set(clients.flatMap((name) => registered(source(name).schemas)));
    const imported = filesBelow(join(root, "lambdas"))
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => [
        ...readFileSync(join(root, "lambdas", file), "utf8").matchAll(/^import \{([^}]*)\} from "@aws-sdk\//gm),
      ])
      .flatMap(([, names = ""]) => names.split(",").map((name) => name.trim()));
    expect([...keptErrors].sort()).toEqual([...new Set(imported.filter((name) => known.has(name)))].sort());
  });
});

describe("the credentials of a bundle", () => {
  const before = { ...process.env };
  beforeEach(() => {
    process.env = { ...before };
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  });
  afterAll(() => {
    process.env = before;
  });

  it("come from its environment and from nowhere else: without them it asks no other place and fails", async () => {
    const { origin, asked, close } = await listen(() => ({
      body: JSON.stringify({ AccessKeyId: "a", SecretAccessKey: "s", Token: "t", Expiration: "2999-01-01T00:00:00Z" }),
    }));
    process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `${origin}/credentials`;
    process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = origin;
    const { credentials: _, ...bare } = settingsFor(origin);
    expect(await send("kms", bare)).toMatchObject({ name: "CredentialsProviderError" });
    expect(asked).toEqual([]);
    process.env.AWS_ACCESS_KEY_ID = "AKIAENVIRONMENT";
    process.env.AWS_SECRET_ACCESS_KEY = "s";
    await send("kms", bare);
    await close();
    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers.authorization).toContain("Credential=AKIAENVIRONMENT/");
  });
});

describe("the cache of endpoints", () => {
  it("holds what the SDK's own would hold, whatever is asked of it", async () => {
    const { default: Ours } = await import(`data:text/javascript,${encodeURIComponent(leastRecentlyUsed)}`);
    const Theirs = createRequire(import.meta.url)("mnemonist/lru-cache");
    const step = fc.record({ does: fc.constantFrom("get", "has", "peek", "set"), key: fc.nat(5).map(String) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (capacity, steps) => {
        const [ours, theirs] = [new Ours(capacity), new Theirs(capacity)];
        steps.forEach(({ does, key }, at) => {
          if (does === "set") for (const cache of [ours, theirs]) cache.set(key, at);
          else expect(ours[does](key)).toBe(theirs[does](key));
        });
      }),
    );
  });
});
