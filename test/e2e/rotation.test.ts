import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../client/index.ts";
import { tickets } from "../../local/demo/story/desk.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { passTime, ringOf } from "./passing-time.ts";

const hour = 3_600;
const folder = mkdtempSync(join(tmpdir(), "lanyard-rotation-"));
let world: World;
beforeAll(async () => {
  world = await raiseWorld({ memory: true, directory: join(folder, ".lanyard"), onProgress: () => undefined });
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

const table = () => world.cloud.outputs.KeyringTable;
const rotate = () => world.cloud.invoke("rotator", {});

const pass = (seconds: number) => passTime(world, seconds, ["identity", "session", "status"]);

const agentOf = (name: string) => {
  const { id, credentials } = world.endpoints.agents[name] ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error(`no agent ${name}`);
  const evidence = awsStsWebIdentity({ ...world.endpoints.aws, credentials: { ...credentials } });
  return createAgent({ issuer: world.endpoints.issuer, agent: id, evidence });
};

async function lanyard(...args: string[]): Promise<{ code: number; said: Record<string, unknown> }> {
  const lines: string[] = [];
  const terminal = { out: (line: string) => void lines.push(line), err: () => undefined };
  const code = await run([...args, "--json"], { terminal, env: {}, folder });
  return { code, said: JSON.parse(lines.join("") || "{}") as Record<string, unknown> };
}

/** Instances work by a ring for at most ten seconds. */
const ringsAreReadAnew = () => new Promise((resolve) => setTimeout(resolve, 10_500)); // clock: the instances'

describe("keys of a running deployment", () => {
  it("rotate twice and in an emergency, while agents and verifiers go on without a restart", async () => {
    const held = createRemoteJWKSet(new URL(`${world.endpoints.issuer}/.well-known/jwks.json`));
    const planner = agentOf("planner");
    const api = agentOf("ticket-api");
    const { id_token: idToken } = await world.provider.signInAs("planner");
    const session = await planner.open({
      onBehalfOf: { idToken },
      grants: [{ resource: tickets, scopes: ["tickets:read"] }],
    });
    const fresh = async () => {
      const opened = await planner.open({
        onBehalfOf: { idToken: (await world.provider.signInAs("planner")).id_token },
        grants: [{ resource: tickets, scopes: ["tickets:read"] }],
      });
      return (await opened.accessToken(tickets)).token;
    };
    const kidOf = (token: string) => decodeProtectedHeader(token).kid;
    const accepted = async (token: string) => {
      await jwtVerify(token, held, { issuer: world.endpoints.issuer, audience: tickets });
      expect(await api.introspect(token)).toMatchObject({ active: true });
    };

    await rotate();
    // the rotator has come once: the stack's keys sign, the first standbys are made
    expect((await ringOf(world, "session")).keys.map(({ state, alg }) => `${alg} ${state}`).sort()).toEqual([
      "ES256 active",
      "ES256 created",
      "RS256 active",
      "RS256 created",
    ]);
    const first = await fresh();
    await accepted(first);
    const signed = [kidOf(first)];
    for (let turn = 0; turn < 2; turn++) {
      await pass(600); // the first standby is published
      // the key's time is over in a day. The stack's own will stand by then; for another, a second one is made in time
      await pass(29 * 24 * hour);
      await pass(2 * hour); // published
      await ringsAreReadAnew();
      await held.reload(); // in the time that is said to pass now, every cache ends
      await pass(25 * hour); // known everywhere, a day too: the switch
      await ringsAreReadAnew();
      const token = await fresh();
      await accepted(token);
      signed.push(kidOf(token));
      // what the key before signed still counts
      if (turn === 0) await accepted(first);
    }
    expect(new Set(signed).size).toBe(3);
    expect((await session.accessToken(tickets)).token).toBeDefined();

    const suspect = await fresh();
    const ordered = await lanyard("rotate", "--purpose", "session", "--emergency", "--yes", "--reason", "drill");
    expect(ordered).toMatchObject({ code: 0, said: { ok: true, handled: true } });
    // at once: the suspect key is disabled, and whoever still means to sign with it takes the standby
    const next = await fresh();
    expect(kidOf(next)).not.toBe(kidOf(suspect));
    await accepted(next);
    await ringsAreReadAnew();
    expect(await api.introspect(suspect)).toEqual({ active: false });
    const published = (await (await fetch(`${world.endpoints.issuer}/.well-known/jwks.json`)).json()) as {
      keys: { kid: string }[];
    };
    expect(published.keys.map(({ kid }) => kid)).not.toContain(kidOf(suspect));
    expect(published.keys.map(({ kid }) => kid)).toContain(kidOf(next));
    const left = await ringOf(world, "session");
    for (const alg of ["ES256", "RS256"])
      expect(left.keys.filter((key) => key.alg === alg && key.state === "active")).toHaveLength(1);
    expect((await lanyard("keys")).code).toBe(0);
  });

  it("are changed by the rotator and ordered by admin-rotate alone: an administrator's write is refused", async () => {
    const credentials = { ...world.cloud.operator };
    const administrator = DynamoDBDocumentClient.from(new DynamoDBClient({ ...world.endpoints.aws, credentials }));
    const Item = { ...(await ringOf(world, "session")), version: 1_000_000 };
    const write = new TransactWriteCommand({ TransactItems: [{ Put: { TableName: table(), Item } }] });
    await expect(administrator.send(write)).rejects.toThrow("explicit deny in a resource-based policy");
    administrator.destroy();
  });
});
