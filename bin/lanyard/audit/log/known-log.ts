import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { ed25519OfSpki, type NoteKey, readVerifierKey, verifierKey } from "../../../../core/tlog/note-key.ts";
import type { KnownLog } from "../../../../core/tlog/trail/ports.ts";
import type { Profile } from "../../deployment/profile.ts";
import { Usage } from "../../terminal/outcome.ts";
import type { Remembered } from "./remembered.ts";

/** Options that say which log it is. */
export interface LogOptions {
  readonly log?: string;
  /** Text forms of its keys, or files that hold one each. */
  readonly key?: readonly string[];
  readonly witness?: readonly string[];
  readonly quorum?: string;
}

/** A log, its keys, and what was remembered of it. */
export interface Known {
  readonly log: KnownLog;
  readonly remembered?: Remembered;
  /** How its key was come by; what the account itself says of its key proves nothing against the account. */
  readonly keyFrom: "given" | "remembered" | "deployment";
}

/**
 * The log as its verifier knows it: by the keys that were given, else by those that were remembered, else by the
 * deployment's own word.
 * @param seen logs that were seen before, by origin
 * @throws Usage where no key is known, or a key is of another log
 */
export async function knownLog(
  { key = [], witness = [], quorum }: LogOptions,
  {
    cwd,
    profile,
    seen,
  }: { readonly cwd: string; readonly profile?: Profile; readonly seen: Readonly<Record<string, Remembered>> },
): Promise<Known> {
  const witnesses = await witnessesOf(witness, quorum, cwd);
  const knownAs = (keys: readonly NoteKey[], keyFrom: Known["keyFrom"]): Known => {
    const [first] = keys;
    if (first === undefined || keys.some(({ name, type }) => name !== first.name || type !== "ed25519"))
      throw new Usage("the keys are not of one log: each names its origin first");
    const remembered = seen[first.name];
    const log = { origin: first.name, keys, ...(witnesses === undefined ? {} : { witnesses }) };
    return { log, keyFrom, ...(remembered === undefined ? {} : { remembered }) };
  };
  if (key.length > 0) return knownAs(await Promise.all(key.map((text) => keyOf(text, cwd))), "given");
  const origin = profile && originOf(profile);
  const before = origin === undefined ? undefined : seen[origin];
  if (before) return knownAs(await Promise.all(before.keys.map((text) => keyOf(text, cwd))), "remembered");
  if (profile?.logKey === undefined)
    throw new Usage(
      "by which key? Give --key, a verifier key or a file with one: what docs/audit-proof.md says how to get",
    );
  if (profile.logKey.includes("+")) return knownAs([await keyOf(profile.logKey, cwd)], "deployment");
  if (origin === undefined)
    throw new Usage("the profile names no stage or Region, so that the log's origin is unknown: give --key");
  return knownAs([await kmsKey(profile, profile.logKey, origin)], "deployment");
}

/** Name of a deployment's log: `<trust domain>/lanyard/<stage>/<Region>`. */
const originOf = ({ trustDomain, stage, region }: Profile): string | undefined =>
  stage === undefined || region === undefined ? undefined : `${trustDomain}/lanyard/${stage}/${region}`;

async function witnessesOf(
  texts: readonly string[],
  quorum: string | undefined,
  cwd: string,
): Promise<KnownLog["witnesses"]> {
  if (texts.length === 0) {
    if (quorum !== undefined) throw new Usage("--quorum needs --witness, once for each witness's key");
    return undefined;
  }
  const keys = await Promise.all(texts.map((text) => keyOf(text, cwd)));
  if (keys.some(({ type }) => type !== "cosignature"))
    throw new Usage("a witness's key begins with 0x04 (cosignature/v1)");
  const count = quorum === undefined ? keys.length : Number(quorum);
  if (!(Number.isInteger(count) && count >= 1 && count <= keys.length))
    throw new Usage(`--quorum is a number from 1 to the number of witnesses, not ${JSON.stringify(quorum)}`);
  return { keys, quorum: count };
}

/** A key by its text form, or by a file that holds it. */
export async function keyOf(text: string, cwd: string): Promise<NoteKey> {
  const direct = readVerifierKey(text);
  if (direct.ok) return direct.value;
  const file = await readFile(resolve(cwd, text), "utf8").catch(() => undefined);
  const held = file === undefined ? direct : readVerifierKey(file.trim());
  if (held.ok) return held.value;
  throw new Usage(`${JSON.stringify(text)} is neither a verifier key (${held.error}) nor a file with one`);
}

/** The deployment's key, from KMS. */
async function kmsKey({ dynamo }: Profile, keyId: string, name: string): Promise<NoteKey> {
  // no other command needs its client
  const { GetPublicKeyCommand, KMSClient } = await import("@aws-sdk/client-kms");
  const { region, credentials, endpoint } = dynamo.config;
  const place = await endpoint?.();
  const local = place && { endpoint: `${place.protocol}//${place.hostname}${place.port ? `:${place.port}` : ""}` };
  const kms = new KMSClient({ region, credentials, ...local });
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: keyId })).finally(() => kms.destroy());
  const raw = ed25519OfSpki(PublicKey ?? new Uint8Array());
  if (!raw.ok) throw new Usage(`the deployment's key of the log is of another kind: ${raw.error}`);
  return { name, type: "ed25519", publicKey: raw.value };
}

/** What is to be remembered of a log that was seen. */
export const seenAs = ({ log: { keys } }: Known, checkpoint: string): Remembered => ({
  keys: keys.map(verifierKey),
  checkpoint,
});
