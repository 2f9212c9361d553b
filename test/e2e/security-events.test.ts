import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { run } from "../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../client/index.ts";
import { eventTypes } from "../../core/events/security-event.ts";
import { longestCacheSeconds } from "../../core/model/key-times.ts";
import { signedOrder } from "../../local/demo/story/cast.ts";
import { customers, tickets } from "../../local/demo/story/desk.ts";
import { readRecords } from "../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { patience } from "../kit/patience.ts";
import { type Receiver, startReceiver } from "../kit/wire/receiver.ts";
import { passTime, ringOf } from "./passing-time.ts";

const folder = mkdtempSync(join(tmpdir(), "lanyard-receivers-"));
const registry = join(folder, "registry");
let world: World;
let receivers: Readonly<Record<"desk" | "crm" | "stubborn", Receiver>>;

const row = (name: string, { endpoint }: Receiver, resources: string, more = "") =>
  `kind: receiver\nname: ${name}\nendpoint: ${endpoint}\naudience: https://${name}.example\nresources: ${resources}\n${more}`;

beforeAll(async () => {
  receivers = { desk: await startReceiver(), crm: await startReceiver(), stubborn: await startReceiver() };
  cpSync(join(import.meta.dirname, "../../examples/support-desk"), registry, { recursive: true });
  const rows = [
    row("desk", receivers.desk, `[${tickets}]`, "authorizationSecret: desk\n"),
    row("crm", receivers.crm, `[${customers}]`),
    row("stubborn", receivers.stubborn, `[${customers}]`),
  ];
  writeFileSync(join(registry, "receivers.yaml"), rows.join("---\n"));
  world = await raiseWorld({
    memory: true,
    directory: join(folder, ".lanyard"),
    registry,
    onProgress: () => undefined,
  });
  const { aws, operator, issuer } = world.endpoints;
  const ssm = new SSMClient({ ...aws, credentials: { ...operator.credentials } });
  const Name = "/lanyard/local/receivers/desk";
  await ssm.send(
    new PutParameterCommand({
      Name,
      Value: `${new URL(receivers.desk.endpoint).origin} Bearer desk-secret`,
      Type: "SecureString",
    }),
  );
  ssm.destroy();
  await receivers.desk.subscribe(issuer, "https://desk.example");
  await receivers.crm.subscribe(issuer, "https://crm.example");
  // it expects to be somebody else
  await receivers.stubborn.subscribe(issuer, "https://other.example");
});
afterAll(async () => {
  await world?.close();
  for (const receiver of Object.values(receivers ?? {})) await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

const planner = () => {
  const { endpoints } = world;
  const { id, credentials } = endpoints.agents.planner ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error("no planner");
  const evidence = awsStsWebIdentity({ ...endpoints.aws, credentials: { ...credentials } });
  return createAgent({ issuer: endpoints.issuer, agent: id, evidence });
};
async function open(...resources: readonly string[]) {
  const { id_token: idToken } = await world.provider.signInAs("planner");
  const scope: Record<string, string> = { [tickets]: "tickets:read", [customers]: "customers:read" };
  const grants = resources.map((resource) => ({ resource, scopes: [scope[resource] ?? ""] }));
  return planner().open({ onBehalfOf: { idToken }, grants });
}
/** The event about this session, once it has come. */
const heard = async (receiver: Receiver, sid: string) =>
  vi.waitFor(() => {
    const found = receiver.events.filter((event) => JSON.stringify(event.sub_id).includes(sid));
    expect(found.length).toBeGreaterThan(0);
    return found;
  }, patience);

describe("an ended session", () => {
  test("is pushed as session-revoked, RS256, to who protects what it held grants at, and to nobody else", async () => {
    const other = await open(tickets);
    const session = await open(tickets, customers);
    await other.end();
    await session.end();
    const [[atDesk], [atCrm]] = [await heard(receivers.desk, session.sid), await heard(receivers.crm, session.sid)];
    for (const event of [atDesk, atCrm])
      expect(event).toMatchObject({
        iss: world.endpoints.issuer,
        sub_id: {
          format: "complex",
          session: { format: "opaque", id: session.sid },
          user: { format: "iss_sub", iss: world.endpoints.issuer, sub: session.principal },
        },
        events: {
          [eventTypes.sessionRevoked]: { initiating_entity: "system", reason_admin: { en: expect.any(String) } },
        },
      });
    expect(atDesk).not.toHaveProperty("sub");
    expect(atDesk).not.toHaveProperty("exp");
    expect(atDesk?.jti).not.toBe(atCrm?.jti);
    await heard(receivers.desk, other.sid);
    expect(JSON.stringify(receivers.crm.events)).not.toContain(other.sid);
    const [call] = receivers.desk.calls;
    expect(call?.headers).toMatchObject({
      "content-type": "application/secevent+jwt",
      accept: "application/json",
      authorization: "Bearer desk-secret",
    });
    expect(receivers.crm.calls[0]?.headers).not.toHaveProperty("authorization");
    expect(decodeProtectedHeader(call?.token ?? "")).toMatchObject({ alg: "RS256", typ: "secevent+jwt" });
  });

  test("reaches a receiver that was away, as the same event", async () => {
    const before = receivers.crm.calls.length;
    receivers.crm.fail(503, 429, 500);
    const session = await open(customers);
    await session.end();
    const [event] = await heard(receivers.crm, session.sid);
    const calls = receivers.crm.calls.slice(before);
    expect(calls.map(({ status }) => status)).toEqual([503, 429, 500, 202]);
    expect(new Set(calls.map(({ token }) => token)).size).toBe(1);
    expect(event?.jti).toEqual(expect.any(String));
  });

  test("lies whole among the undelivered ones when a receiver refuses it, and is not sent again", async () => {
    await vi.waitFor(() => expect(world.cloud.queueMessages("UndeliveredEvents").length).toBeGreaterThan(0), patience);
    const [first] = world.cloud
      .queueMessages("UndeliveredEvents")
      .map((text) => JSON.parse(text) as { why: string; body: string });
    expect(first?.why).toBe("status 400, invalid_audience");
    const { notice } = JSON.parse(first?.body ?? "") as { notice: { receiver: string; uid: string } };
    expect(notice.receiver).toBe("stubborn");
    // evidence shows who was not told, and of what
    await world.cloud.flushAudit();
    const untold = readRecords(world.endpoints.auditFolder).filter(({ facts }) => facts.receiver === "stubborn");
    expect(untold.map(({ facts }) => facts)).toContainEqual(
      expect.objectContaining({
        operation: "event.undelivered",
        revocation: notice.uid,
        target: expect.stringMatching(/^session:/),
        reason: "status 400, invalid_audience",
      }),
    );
    const sent = receivers.stubborn.calls.map(({ token }) => token);
    expect(new Set(sent).size).toBe(sent.length);
  });
});

describe("an operator's revocation", () => {
  test("of an agent is one event a receiver, however many sessions it ends", async () => {
    const sessions = [await open(tickets), await open(tickets), await open(customers)];
    const before = receivers.desk.calls.length;
    const agent = world.endpoints.agents.planner?.id ?? "";
    await signedOrder(world, { revoke: { agent }, reason: "secret words of an operator", cutOnly: true });
    const [event] = await heard(receivers.desk, agent);
    await heard(receivers.crm, agent);
    expect(event).toMatchObject({
      sub_id: { format: "complex", application: { format: "uri", uri: agent } },
      events: { [eventTypes.sessionRevoked]: { initiating_entity: "admin" } },
    });
    expect(sessions).toHaveLength(3);
    expect(receivers.desk.calls.slice(before)).toHaveLength(1);
    for (const receiver of Object.values(receivers))
      expect(JSON.stringify(receiver.calls)).not.toContain(
        Buffer.from("secret words").toString("base64url").slice(0, 12),
      );
  });
});

/** What `lanyard` came to with these words. */
async function lanyard(...args: string[]): Promise<{ code: number; said: Record<string, unknown> }> {
  const lines: string[] = [];
  const terminal = { out: (line: string) => void lines.push(line), err: () => undefined };
  const code = await run([...args, "--json"], { terminal, env: {}, folder });
  return { code, said: JSON.parse(lines.join("") || "{}") as Record<string, unknown> };
}

describe("the key of the events", () => {
  test("threat 3: is in no set by which anybody verifies tokens", async () => {
    const { issuer } = world.endpoints;
    const token = receivers.desk.calls[0]?.token ?? "";
    const { kid } = decodeProtectedHeader(token);
    for (const name of ["jwks.json", "spiffe-bundle.json"]) {
      const { keys } = (await (await fetch(`${issuer}/.well-known/${name}`)).json()) as { keys: { kid: string }[] };
      expect(keys.map((key) => key.kid)).not.toContain(kid);
    }
    const tokens = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    await expect(jwtVerify(token, tokens)).rejects.toThrow(/no applicable key/);
  });

  test("is replaced in an emergency at once, and receivers verify what follows by keys they already hold", async () => {
    const { issuer } = world.endpoints;
    const kidOf = (token = "") => decodeProtectedHeader(token).kid;
    await world.cloud.invoke("rotator", {});
    await passTime(world, 600, ["events"]); // the standby is published
    await new Promise((resolve) => setTimeout(resolve, 10_500)); // clock: discovery reads its ring anew
    await receivers.desk.forgetKeys(); // in the time that is said to pass now, its cache ends
    await passTime(world, longestCacheSeconds, ["events"]); // known everywhere
    const suspect = kidOf(receivers.desk.calls.at(-1)?.token);
    const before = receivers.desk.calls.length;
    const ordered = await lanyard("rotate", "--purpose", "events", "--emergency", "--yes", "--reason", "drill");
    expect(ordered).toMatchObject({ code: 0, said: { ok: true, handled: true } });
    const session = await open(tickets);
    await session.end();
    await heard(receivers.desk, session.sid);
    // never refused: the transmitter signed by nothing that the receiver did not have
    const calls = receivers.desk.calls.slice(before);
    expect(calls.map(({ status }) => status)).toEqual([202]);
    expect(kidOf(calls[0]?.token)).not.toBe(suspect);
    expect((await ringOf(world, "events")).keys.map(({ kid, state }) => [kid, state])).toContainEqual([
      suspect,
      "distrusted",
    ]);
    const published = async (name: string) =>
      ((await (await fetch(`${issuer}/.well-known/${name}`)).json()) as { keys: { kid: string }[] }).keys.map(
        ({ kid }) => kid,
      );
    await vi.waitFor(async () => expect(await published("ssf-jwks.json")).not.toContain(suspect), patience);
    expect(await published("ssf-jwks.json")).toContain(kidOf(calls[0]?.token));
    for (const name of ["jwks.json", "spiffe-bundle.json"])
      for (const { kid } of (await ringOf(world, "events")).keys) expect(await published(name)).not.toContain(kid);
    expect((await lanyard("keys")).said).toMatchObject({ rings: { events: { keys: expect.any(Array) } } });
  });
});

test("a verification event comes when an operator asks for one (SSF 1.0 section 8.1.4)", async () => {
  const asked = await world.cloud.invoke("transmitter", { verify: "crm" });
  expect(asked).toMatchObject({ receiver: "crm" });
  await vi.waitFor(
    () =>
      expect(receivers.crm.events.at(-1)).toMatchObject({
        aud: "https://crm.example",
        sub_id: { format: "opaque", id: "crm" },
        events: { [eventTypes.verification]: {} },
      }),
    // crm still holds the keys of before the emergency: it answers invalid_key until jose fetches again, after 30 s
    patience,
  );
});
