/**
 * The way of one token request: an agent opens a session for a person in the embedded cloud, and function `token`, run
 * from its sources with the environment that the template gives it, answers. See `way/function.ts` for how it counts.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../client/index.ts";
import { tickets } from "../../local/demo/story/desk.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import type { HostedFunction } from "../../local/emulator/functions/host.ts";
import { serveUrl } from "../../local/emulator/functions/url.ts";
import { patientFetch } from "../../local/emulator/limits/patient.ts";
import { listen } from "../../local/emulator/loopback.ts";
import type { Asked, RanFile, Told } from "./way/messages.ts";

/** A file on the way, and which of its functions ran. */
export interface Passed {
  readonly file: string;
  readonly functions: readonly string[];
}

/**
 * What two granted requests in a row passed: the first of a fresh instance, and one of an instance that holds keys,
 * registry and a lease of status entries already. What was answered with a nonce alone, or refused, is not counted.
 */
interface Way {
  readonly first: readonly Passed[];
  readonly next: readonly Passed[];
}

/** Boots the embedded cloud, asks twice, and closes everything. */
export async function tokenWay(root: string): Promise<Way> {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-house-"));
  const world = await raiseWorld({ memory: true, directory: folder, onProgress: () => undefined });
  try {
    const token = await runFromSource(root, world);
    const server = await listen(serveUrl({ account: world.cloud.account, hosted: () => token.hosted }));
    try {
      await openSession(world, `http://${server.host}`);
      await openSession(world, `http://${server.host}`);
    } finally {
      await server.close();
      token.child.disconnect();
    }
    const [first, next] = token.ways;
    if (first === undefined || next === undefined) throw new Error("the token function did not answer twice");
    return { first: passed(root, first), next: passed(root, next) };
  } finally {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A session for a person, answered with its access token: what the README's agent asks for. */
async function openSession(world: World, token: string): Promise<void> {
  const { issuer, attest, introspect, revoke, signIn, agents } = world.endpoints;
  const planner = agents.planner;
  if (!planner) throw new Error("the registry has no agent planner");
  const agent = createAgent({
    issuer,
    agent: planner.id,
    evidence: awsStsWebIdentity({ ...world.cloud.aws, credentials: { ...planner.credentials } }),
    endpoints: { attest, token, introspect, revoke },
    fetch: patientFetch,
  });
  const { id_token: idToken } = (await (await fetch(`${signIn}?agent=planner`)).json()) as { id_token: string };
  await agent.open({ onBehalfOf: { idToken }, grants: [{ resource: tickets, scopes: ["tickets:read"] }] });
}

interface FromSource {
  readonly child: ChildProcess;
  readonly hosted: HostedFunction;
  /** What ran, by granted request. */
  readonly ways: (readonly RanFile[])[];
}

async function runFromSource(root: string, world: World): Promise<FromSource> {
  const child = fork(
    fileURLToPath(new URL("./way/function.ts", import.meta.url)),
    [join(root, "lambdas/token/index.ts")],
    { env: { ...world.cloud.environment("token") }, stdio: ["ignore", "ignore", "inherit", "ipc"] },
  );
  const said = async (): Promise<Told> => ((await Promise.race([once(child, "message"), gone(child)])) as [Told])[0];
  await said();
  const ways: (readonly RanFile[])[] = [];
  const invoke = async (event: unknown, requestId = "measured") => {
    child.send({ event, requestId } satisfies Asked);
    const told = await said();
    if (told.kind !== "answered") throw new Error("the function answered nothing");
    if ((JSON.parse(told.payload) as { readonly statusCode?: number }).statusCode === 200) ways.push(told.ran);
    return { payload: told.payload };
  };
  return { child, hosted: { invoke } as Pick<HostedFunction, "invoke"> as HostedFunction, ways };
}

async function gone(child: ChildProcess): Promise<never> {
  const [code] = await once(child, "exit");
  throw new Error(`the token function ended by itself, with ${code}`);
}

/** Files of core and lambdas alone: what a newcomer reads, not libraries and not Node's own. */
function passed(root: string, ran: readonly RanFile[]): readonly Passed[] {
  const base = new URL(`file://${root.endsWith("/") ? root : `${root}/`}`).href;
  return ran
    .filter(({ url }) => url.startsWith(`${base}core/`) || url.startsWith(`${base}lambdas/`))
    .map(({ url, functions }) => ({ file: url.slice(base.length), functions }))
    .sort((a, b) => a.file.localeCompare(b.file));
}
