import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../../client/index.ts";
import { customers, tickets } from "../../../local/demo/story/desk.ts";
import { awaitRecords } from "../../../local/demo/story/records.ts";
import { providerOffset, raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { freeRow } from "../../kit/ports.ts";

const directory = mkdtempSync(join(tmpdir(), "lanyard-restart-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const raise = (ports: { port?: number } = {}) =>
  raiseWorld({ memory: false, directory, onProgress: () => undefined, ...ports });

/** An agent as this run's `endpoints.json` describes it. */
const agentOf = ({ endpoints }: World, name: string) => {
  const { id, credentials } = endpoints.agents[name] ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error(`no agent ${name}`);
  const evidence = awsStsWebIdentity({ ...endpoints.aws, credentials: { ...credentials } });
  return createAgent({ issuer: endpoints.issuer, agent: id, evidence });
};

const keysOf = async ({ endpoints }: World): Promise<readonly unknown[]> => {
  const url = `${endpoints.discovery}/.well-known/jwks.json`;
  const { keys } = (await (await fetch(url, { headers: { Connection: "close" } })).json()) as { keys: unknown[] };
  return keys;
};

it("starts again in the same folder with its data: issuer, keys, sessions, revocations, records", async () => {
  // of ports that the system picked, another might be given one between the two starts
  const first = await raise({ port: await freeRow(providerOffset + 1) });
  const { id_token: idToken } = await first.provider.signInAs("planner");
  const planner = agentOf(first, "planner");
  const grants = [
    { resource: tickets, scopes: ["tickets:read"] },
    { resource: customers, scopes: ["customers:read"] },
  ];
  const [kept, ended] = [
    await planner.open({ onBehalfOf: { idToken }, grants }),
    await planner.open({ onBehalfOf: { idToken }, grants }),
  ];
  const [alive, dead] = [await kept.accessToken(tickets), await ended.accessToken(tickets)];
  await ended.end();
  const [issuer, people] = [first.endpoints.issuer, first.provider.issuer];
  const keys = await keysOf(first);
  expect(keys).not.toEqual([]);
  const file = join(directory, "endpoints.json");
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ pid: process.pid, ...first.endpoints });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await first.close();
  expect(existsSync(file)).toBe(false);

  const second = await raise();
  try {
    expect({ issuer: second.endpoints.issuer, people: second.provider.issuer }).toEqual({ issuer, people });
    // their successors may have been published meanwhile; none of them is gone or another
    expect(await keysOf(second)).toEqual(expect.arrayContaining([...keys]));
    const api = agentOf(second, "ticket-api");
    expect(await api.introspect(alive.token)).toMatchObject({ active: true, sid: kept.sid });
    expect(await api.introspect(dead.token)).toEqual({ active: false });
    const records = await awaitRecords(
      second,
      (all) => all.some(({ facts }) => facts.sid === ended.sid && facts.operation === "session.end"),
      20_000,
    );
    expect(records.filter(({ facts }) => facts.operation === "session.open")).toHaveLength(2);
    expect(records.filter(({ facts }) => facts.operation === "registry.apply")).toHaveLength(1);
  } finally {
    await second.close();
  }
});

it("threat 31: keeps keys and credentials for their owner's eyes only", () => {
  const names = readdirSync(directory);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const { mode } = statSync(join(directory, name));
    expect(mode & 0o077, name).toBe(0);
  }
});
