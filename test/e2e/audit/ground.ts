import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { GetPublicKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { run } from "../../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { type AgentSession, createAgent } from "../../../client/index.ts";
import { readEntry } from "../../../core/tlog/entry.ts";
import { ed25519OfSpki, type NoteKey } from "../../../core/tlog/note-key.ts";
import { tilePath } from "../../../core/tlog/tile.ts";
import { readEntries } from "../../../core/tlog/tree.ts";
import { tickets } from "../../../local/demo/story/desk.ts";
import { createPage } from "../../../local/demo/story/print.ts";
import { createTeller } from "../../../local/demo/story/step.ts";
import { tellStory } from "../../../local/demo/story/story.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { synthesizeLocal } from "../../kit/stage.ts";

/** The story, told on a cloud whose delivery has the buffer of a stage that says nothing of it, and what it left behind. */
export let world: World;
export let left: Awaited<ReturnType<typeof tellStory>>;
export let key: NoteKey;
export const folder = mkdtempSync(join(tmpdir(), "lanyard-audit-"));

/** Raises the cloud, tells the story and has its last records sealed, as `npm start` does. */
export async function raise(): Promise<void> {
  const assembly = await synthesizeLocal(folder, { delivery: {} });
  const directory = join(folder, ".lanyard");
  world = await raiseWorld({ memory: true, directory, assembly, archive: true, onProgress: () => undefined });
  const teller = createTeller({ began: () => undefined, ended: () => undefined });
  left = await tellStory({ teller, page: createPage({ write: () => true }, {}) }, world);
  if (!left.ok) throw new Error([left.error, ...world.cloud.failures()].join("\n"));
  await world.cloud.invoke("sealer", {});
  key = await logKey();
}

/** Ends all of it. */
export async function lower(): Promise<void> {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
}

async function logKey(): Promise<NoteKey> {
  const { aws, outputs, operator } = world.cloud;
  const kms = new KMSClient({ ...aws, credentials: { ...operator }, maxAttempts: 1 });
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: outputs.LogKeyId }));
  kms.destroy();
  const raw = ed25519OfSpki(PublicKey ?? new Uint8Array());
  if (!raw.ok) throw new Error(raw.error);
  return { name: `${outputs.TrustDomain}/lanyard/local/${aws.region}`, type: "ed25519", publicKey: raw.value };
}

/** What a command came to, on this machine's `.lanyard` or on what its arguments name. */
export async function lanyard(args: readonly string[], remembers = folder) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await run([...args], { terminal: terminal as never, env: { XDG_CONFIG_HOME: remembers }, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

/** The audit bucket, as a folder. */
export const bucket = (): string => world.endpoints.auditFolder;

/** An object's line, and when the object arrived. */
export interface Delivered {
  readonly uid: string;
  readonly timeMillis: number;
  readonly arrivedAtMillis: number;
  readonly path: string;
  readonly text: string;
  readonly operation?: string;
  readonly sid?: string;
}

/** Every line of the objects below a bucket's `audit/`, oldest object first. */
export function delivered(at: string): readonly Delivered[] {
  const paths = readdirSync(join(at, "audit"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".gz"))
    .map((entry) => join(entry.parentPath, entry.name));
  const lines = paths.flatMap((path) => {
    const arrivedAtMillis = statSync(path).mtimeMs;
    const texts = gunzipSync(readFileSync(path)).toString().split("\n");
    return texts.flatMap((text) => (text === "" ? [] : [{ ...factsOf(text), path, text, arrivedAtMillis }]));
  });
  return lines.sort((one, other) => one.arrivedAtMillis - other.arrivedAtMillis);
}

function factsOf(text: string) {
  const { metadata, time, unmapped } = JSON.parse(text) as {
    readonly metadata: { readonly uid: string };
    readonly time: number;
    readonly unmapped?: { readonly lanyard?: { readonly operation?: string; readonly sid?: string } };
  };
  const { operation, sid } = unmapped?.lanyard ?? {};
  return { uid: metadata.uid, timeMillis: time, ...(operation && { operation }), ...(sid && { sid }) };
}

/** Kept checkpoints below a bucket's `log/`, the smallest first, and when each arrived. */
export const checkpoints = (at: string): readonly { readonly size: number; readonly arrivedAtMillis: number }[] =>
  readdirSync(join(at, "log/checkpoints"))
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ size: Number(name), arrivedAtMillis: statSync(join(at, "log/checkpoints", name)).mtimeMs }))
    .sort((one, other) => one.size - other.size);

/** Every entry of a bucket's log, as bytes, in its order. */
export async function entries(at: string): Promise<readonly Buffer[]> {
  const size = checkpoints(at).at(-1)?.size ?? 0;
  const read = async (name: Parameters<typeof tilePath>[0]) => readFileSync(join(at, "log", tilePath(name)));
  const bundles = await Promise.all(
    Array.from({ length: Math.ceil(size / 256) }, (_, n) => readEntries({ size, read }, n)),
  );
  return bundles.flat();
}

/** Event ids of the log's entries, in its order. */
export const sealed = async (): Promise<readonly string[]> =>
  (await entries(bucket())).flatMap((bytes) => {
    const entry = readEntry(bytes);
    return entry.ok ? [entry.value.eventId] : [];
  });

/** Event ids of every record of the Outbox. */
export async function recorded(): Promise<readonly string[]> {
  const { body } = await world.cloud.dynamodb("Scan", { TableName: world.cloud.outputs.OutboxTable });
  return (body as { Items: { eventId: { S: string } }[] }).Items.map(({ eventId }) => eventId.S);
}

/** A session of the planner's for a person. */
export async function open(): Promise<AgentSession> {
  const { issuer, aws, agents } = world.endpoints;
  const { id, credentials } = agents.planner ?? {};
  if (!id || !credentials) throw new Error("there is no planner");
  const { id_token: idToken } = await world.provider.signInAs("planner");
  const agent = createAgent({
    issuer,
    agent: id,
    evidence: awsStsWebIdentity({ ...aws, credentials: { ...credentials } }),
  });
  return agent.open({ onBehalfOf: { idToken }, grants: [{ resource: tickets, scopes: ["tickets:read"] }] });
}
