/** Key material of the embedded KMS: made once, kept on disk for its owner only, never handed out. */
import { createPrivateKey, generateKeyPair, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** A key of the account. */
export interface Key {
  readonly id: string;
  readonly arn: string;
  readonly spec: string;
  readonly usage: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly material: { readonly privateKey: KeyObject } | { readonly secret: Buffer } | undefined;
}

/** What the template says about a key. */
export type KeyDescription = Omit<Key, "material">;

/**
 * Loads a key's material or makes it.
 * @param description the key
 * @param directory folder of the keys; absent = in memory
 * @returns the key; a symmetric key has no material, since no data passes through this KMS
 */
export function openKey(description: KeyDescription, directory: string | undefined): Key {
  const kept = load(description, directory);
  return kept ?? keep(description, directory, make(description));
}

/** The same for several, side by side and beside whatever else is starting: a pair of RSA takes a while to be found. */
export function openKeys(descriptions: readonly KeyDescription[], directory: string | undefined): Promise<Key[]> {
  return Promise.all(
    descriptions.map(async (description) => {
      const kept = load(description, directory);
      return kept ?? keep(description, directory, await makeBeside(description));
    }),
  );
}

type Stored = { readonly pkcs8: string } | { readonly secret: string };

const fileOf = (id: string, directory: string | undefined): string | undefined =>
  directory === undefined ? undefined : join(directory, `${id}.json`);

/** A key that needs no making: one whose material is on disk, or that has none. */
function load(description: KeyDescription, directory: string | undefined): Key | undefined {
  const { id, spec } = description;
  if (spec === "SYMMETRIC_DEFAULT") return { ...description, material: undefined };
  const file = fileOf(id, directory);
  if (file === undefined || !existsSync(file)) return undefined;
  return { ...description, material: read(JSON.parse(readFileSync(file, "utf8")) as Stored) };
}

function keep(description: KeyDescription, directory: string | undefined, stored: Stored): Key {
  const file = fileOf(description.id, directory);
  if (file !== undefined && directory !== undefined) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(stored), { mode: 0o600 });
  }
  return { ...description, material: read(stored) };
}

function make({ spec, id }: KeyDescription): Stored {
  if (spec === "HMAC_256") return { secret: randomBytes(32).toString("base64") };
  const pair = makePair(spec);
  if (pair === undefined) throw new Error(`key ${id}: key spec ${spec} is not known to the embedded KMS`);
  return stored(pair);
}

function makePair(spec: string) {
  if (spec === "ECC_NIST_P256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (spec === "ECC_NIST_EDWARDS25519") return generateKeyPairSync("ed25519");
  const modulusLength = rsaBits(spec);
  return modulusLength === undefined ? undefined : generateKeyPairSync("rsa", { modulusLength });
}

function rsaBits(spec: string): number | undefined {
  const [, bits] = /^RSA_(2048|3072|4096)$/.exec(spec) ?? [];
  return bits === undefined ? undefined : Number(bits);
}

const pairBeside = promisify(generateKeyPair);

/** All but pairs of RSA are made at once. */
async function makeBeside(description: KeyDescription): Promise<Stored> {
  const modulusLength = rsaBits(description.spec);
  return modulusLength === undefined ? make(description) : stored(await pairBeside("rsa", { modulusLength }));
}

const stored = ({ privateKey }: { readonly privateKey: KeyObject }): Stored => ({
  pkcs8: privateKey.export({ type: "pkcs8", format: "der" }).toString("base64"),
});

function read(stored: Stored): NonNullable<Key["material"]> {
  if ("secret" in stored) return { secret: Buffer.from(stored.secret, "base64") };
  const key = Buffer.from(stored.pkcs8, "base64");
  return { privateKey: createPrivateKey({ key, format: "der", type: "pkcs8" }) };
}
