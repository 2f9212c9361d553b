import { generateKeyPairSync, type JsonWebKey, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What makes a provider the same one after a restart: its port (the issuer) and its signing keys. */
export interface ProviderState {
  /** Port of 127.0.0.1 it had last; 0 before the first start. */
  port: number;
  /** Private signing keys, RS256 first. */
  readonly keys: readonly (JsonWebKey & { readonly kid: string; readonly use: "sig"; readonly alg: string })[];
}

const fresh = (): ProviderState => {
  const jwk = (key: { export(options: { format: "jwk" }): JsonWebKey }, alg: string) => ({
    ...key.export({ format: "jwk" }),
    kid: randomBytes(9).toString("base64url"),
    use: "sig" as const,
    alg,
  });
  return {
    port: 0,
    keys: [
      jwk(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey, "RS256"),
      jwk(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey, "ES256"),
    ],
  };
};

/**
 * Reads the provider's state, or makes a new one.
 * @param folder where it is kept; undefined keeps nothing on disk
 */
export function loadProviderState(folder: string | undefined): ProviderState {
  const file = folder && join(folder, "provider.json");
  if (!file || !existsSync(file)) return fresh();
  return JSON.parse(readFileSync(file, "utf8")) as ProviderState;
}

/** Writes the state: private keys, so the folder is 0700 and the file 0600 from its first byte on. */
export function saveProviderState(folder: string | undefined, state: ProviderState): void {
  if (!folder) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "provider.json");
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify(state), { mode: 0o600 });
  // a crash between the two leaves the old file whole
  renameSync(next, file);
}
