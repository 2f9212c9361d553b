import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ok, type Probe } from "../../scripts/prove/ground.ts";
import { type Proved, probes, prove } from "../../scripts/prove/run.ts";
import { type ProveDeps, runProve } from "../../scripts/prove.ts";
import { type Answered, type Answers, message, openAws, ring, taken } from "./prove-aws.ts";

const issuer = "https://issuer.example";
let folder: string;
let world: Awaited<ReturnType<typeof openAws>> | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-prove-"));
  writeFileSync(join(folder, "production.json"), JSON.stringify({ operators: ["role/Operator"] }));
  const urls = [
    "Attest",
    "Token",
    "Credentials",
    "Introspect",
    "Revoke",
    "AdminRead",
    "AdminWrite",
    "AdminRevoke",
    "AdminRotate",
  ];
  writeFileSync(
    join(folder, "outputs.json"),
    JSON.stringify({
      "lanyard-production-state": { KeyringTable: "k", SessionsTable: "s" },
      "lanyard-production-audit": { AuditBusName: "bus", RefusedRecordsUrl: "https://sqs.example/refused" },
      "lanyard-production-issuer": { IssuerUrl: issuer },
      "lanyard-production-service": Object.fromEntries(urls.map((name) => [`${name}Url`, `https://${name}.example/`])),
      "lanyard-other-state": { TombstonesTable: "not-ours" },
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await world?.close();
  world = undefined;
});

type Page = (url: string, init?: RequestInit) => Response;
const page: Page = (url) => {
  if (url.includes("/.well-known/")) return Response.json({ issuer });
  if (url.includes("Admin")) return Response.json({ Message: "Forbidden" }, { status: 403 });
  return Response.json({ error: "invalid_request" }, { status: 400 });
};
async function run(args: readonly string[], bad: Answers = {}, answers: Page = page, more: Partial<ProveDeps> = {}) {
  world = await openAws(bad);
  const lines: string[] = [];
  const code = await runProve(["--stage", "production", "--outputs", join(folder, "outputs.json"), ...args], {
    stages: folder,
    out: (line) => void lines.push(line),
    err: (line) => void lines.push(line),
    clients: world.clients,
    fetch: (async (url: string | URL | Request, init?: RequestInit) => answers(String(url), init)) as typeof fetch,
    ...more,
  });
  return { code, lines, asked: world.asked };
}
/** How one probe ended. */
async function verdict(name: string, bad: Answers = {}, answers: Page = page) {
  const { lines, asked } = await run(["--only", name, "--json"], bad, answers);
  const [proved] = JSON.parse(lines.join("")) as Proved[];
  return { is: proved?.is, says: proved?.says ?? "", asked };
}

const accepted = (): Answered => ({});
const nowSeconds = Math.floor(Date.now() / 1000);
const withoutStandby = (activatedAtSeconds: number): Answers => ({
  GetItem: ({ Key }) => ring(Key.ring.S, { standby: false, activatedAtSeconds }),
});

describe("a probe differs in a world that is not as we believe", () => {
  const worlds: [string, string, Answers, Page?][] = [
    [
      "public-urls",
      "discovery is kept from callers",
      {},
      () => Response.json({ Message: "Forbidden" }, { status: 403 }),
    ],
    [
      "public-urls",
      "a policy keeps callers from token",
      {},
      (url) => (url.includes("Token") ? Response.json({ Message: "Forbidden" }, { status: 403 }) : page(url)),
    ],
    [
      "public-urls",
      "a policy keeps callers from a function that this stage alone makes",
      {},
      (url) => (url.includes("Credentials") ? Response.json({ Message: "Forbidden" }, { status: 403 }) : page(url)),
    ],
    [
      "public-urls",
      "discovery names another issuer",
      {},
      (url) => (url.includes("well-known") ? Response.json({ issuer: "https://else" }) : page(url)),
    ],
    [
      "admin-urls",
      "an admin URL takes unsigned calls",
      {},
      (url) => (url.includes("AdminRotate") ? Response.json({ rings: {} }) : page(url)),
    ],
    [
      "admin-urls",
      "an admin URL lets them reach the function",
      {},
      (url) => (url.includes("AdminRead") ? Response.json({ error: "access_denied" }, { status: 403 }) : page(url)),
    ],
    ["keys-refuse", "KMS signs for an administrator", { Sign: accepted }],
    ["standby-keys", "the rotator has made no key in a day", withoutStandby(nowSeconds - 86_400)],
    [
      "standby-keys",
      "the standby is disabled",
      {
        DescribeKey: () => ({
          KeyMetadata: { KeyId: "k", KeyState: "Disabled", Origin: "AWS_KMS", MultiRegion: false },
        }),
      },
    ],
    [
      "tables-refuse",
      "the condition is the first thing that stops an administrator",
      { PutItem: () => ({ code: "ConditionalCheckFailedException" }) },
    ],
    ["tables-refuse", "a table takes the row", { PutItem: accepted }],
    [
      "bus-refuses",
      "the bus takes the event",
      { PutEvents: () => ({ FailedEntryCount: 0, Entries: [{ EventId: "1" }] }) },
    ],
    ["queue-refuses", "the queue takes the message", { SendMessage: taken }],
    ["web-identity-rate", "STS grants the first call and throttles what follows", throttledAfterOne()],
  ];
  test.each(worlds)("%s: %s", async (name, _, bad, answers) => {
    const { is, says } = await verdict(name, bad, answers);
    expect([is, says.length > 20]).toEqual(["differs", true]);
  });

  test("and there is such a world for every probe", () => {
    expect(new Set(worlds.map(([name]) => name))).toEqual(new Set(probes.map(({ name }) => name)));
  });
});

function throttledAfterOne(): Answers {
  let calls = 0;
  return { GetWebIdentityToken: () => (calls++ === 0 ? {} : { code: "Throttling" }) };
}

describe("a probe says that it could not be tried", () => {
  test.each<[string, string, Answers, RegExp]>([
    ["keys-refuse", "before the rotator has come", { GetItem: accepted }, /every five minutes/],
    ["standby-keys", "while the first standby is due", withoutStandby(nowSeconds - 60), /half an hour/],
    [
      "keys-refuse",
      "when KMS fails otherwise",
      { Sign: () => ({ code: "KMSInternalException" }) },
      /KMSInternalException/,
    ],
    [
      "tables-refuse",
      "when it may not even look",
      { DescribeTable: () => ({ code: "AccessDeniedException" }) },
      /AccessDenied/,
    ],
    [
      "bus-refuses",
      "when the bus is not there",
      { PutEvents: () => ({ code: "ResourceNotFoundException" }) },
      /ResourceNotFound/,
    ],
    [
      "web-identity-rate",
      "where federation is off",
      { GetWebIdentityToken: () => ({ code: "FeatureDisabled" }) },
      /FeatureDisabled/,
    ],
  ])("%s, %s", async (name, _, bad, why) => {
    const { is, says } = await verdict(name, bad);
    expect(is).toBe("could not be tried");
    expect(says).toMatch(why);
  });
});

describe("npm run prove", () => {
  test("asks nothing of a function that the stage does not make", async () => {
    const plain = join(folder, "plain.json");
    writeFileSync(plain, readFileSync(join(folder, "outputs.json"), "utf8").replace('"CredentialsUrl"', '"OtherUrl"'));
    const { code, lines } = await run(["--only", "public-urls", "--outputs", plain]);
    expect([code, lines.join()]).toEqual([
      0,
      expect.stringContaining("discovery, attest, token, introspect, revoke answer"),
    ]);
  });

  test("ends with 0 and a line for each probe where all is as it should be", async () => {
    const { code, lines } = await run([]);
    expect([code, lines.map((line) => line.split(":")[0])]).toEqual([
      0,
      probes.map(({ name }) => `${"ok".padEnd(18)} ${name}`),
    ]);
  });

  test("an event refused by its entry alone is refused", async () => {
    const byEntry = { PutEvents: () => ({ FailedEntryCount: 1, Entries: [{ ErrorCode: "AccessDeniedException" }] }) };
    expect((await verdict("bus-refuses", byEntry)).is).toBe("ok");
  });

  test("writes into no table: each write carries a condition that no row fulfils", async () => {
    const { asked } = await verdict("tables-refuse");
    const puts = asked.filter(({ operation }) => operation === "PutItem");
    expect(puts.map(({ input }) => input.TableName)).toEqual(["k", "s"]);
    for (const { input } of puts) expect(input).toMatchObject({ ConditionExpression: "attribute_exists(#mark)" });
  });

  test("takes its message out of the queue again, and leaves the relay's there", async () => {
    const Messages = [message("a record", "theirs"), message("lanyard-prove", "ours")];
    const { asked } = await verdict("queue-refuses", { SendMessage: taken, ReceiveMessage: () => ({ Messages }) });
    const deleted = asked.filter(({ operation }) => operation === "DeleteMessage");
    expect(deleted.map(({ input }) => input.ReceiptHandle)).toEqual(["ours"]);
  });

  test("tells what it could not take back, and does not end with 0", async () => {
    const bad: Answers = {
      SendMessage: taken,
      ReceiveMessage: () => ({ Messages: [message("lanyard-prove", "ours")] }),
      DeleteMessage: () => ({ code: "InternalError" }),
    };
    const { code, lines } = await run(["--only", "queue-refuses"], bad);
    expect(code).toBe(1);
    expect(lines.join()).toContain("NOT TAKEN BACK");
  });

  test("takes back what a probe made that failed, before the next one", async () => {
    const order: string[] = [];
    const probe = (name: string, fails: boolean): Probe => ({
      name,
      asks: "",
      async run({ later }) {
        later(async () => void order.push(`back ${name}`));
        order.push(name);
        if (fails) throw new Error("no");
        return ok("");
      },
    });
    world = await openAws();
    const ground = { outputs: {}, clients: world.clients("eu-west-1"), fetch, nowMillis: () => 0 };
    const all = await prove([probe("a", true), probe("b", false)], ground, { each: () => undefined });
    expect(order).toEqual(["a", "back a", "b", "back b"]);
    expect(all.map(({ is }) => is)).toEqual(["could not be tried", "ok"]);
  });

  test("stopped in the middle of a probe, takes back what it made and tries no other", async () => {
    const stop = new AbortController();
    const order: string[] = [];
    const waits: Probe = {
      name: "waits",
      asks: "",
      async run({ later }) {
        later(async () => void order.push("back"));
        stop.abort();
        await new Promise((done) => setTimeout(done, 50));
        order.push("settled");
        return ok("");
      },
    };
    world = await openAws();
    const ground = { outputs: {}, clients: world.clients("eu-west-1"), fetch, nowMillis: () => 0 };
    const all = await prove([waits, waits], ground, { each: () => undefined, signal: stop.signal });
    expect(all.map(({ says }) => says)).toEqual(["stopped"]);
    expect(order).toEqual(["settled", "back"]);
    expect((await run([], {}, page, { signal: stop.signal })).code).toBe(1);
  });

  test("explains itself, and is refused when called wrong", async () => {
    const help = await run(["--help"]);
    expect([help.code, help.lines.join()]).toEqual([0, expect.stringContaining("keys-refuse")]);
    for (const args of [
      ["--only", "luck"],
      ["--stage", "nowhere"],
      ["--outputs", join(folder, "none.json")],
      ["--verbose"],
    ]) {
      const { code, asked } = await run(args);
      expect([code, asked]).toEqual([2, []]);
    }
  });
});
