import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Selector } from "../../../core/model/agent-registration.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { registrationSchema } from "../../../core/registry/schema.ts";
import { Usage } from "../terminal/outcome.ts";

/** A trusted issuer and its keys, as bytes of a JWK Set or SPIFFE bundle. */
interface Trust {
  readonly registration: TrustedIssuerRegistration;
  readonly keys?: Uint8Array;
}

/** The settings for an explanation. What is left out is not checked. */
export interface AttestSettings {
  readonly issuer?: string;
  readonly audience?: string;
  readonly challenge?: string;
  readonly jkt?: string;
  readonly partition?: string;
  readonly trust?: readonly Trust[];
  /** DER. */
  readonly nitroRoot?: Uint8Array;
  /** Region → base64 of the DER. */
  readonly ec2Certificates?: ReadonlyMap<string, string>;
  readonly selectors?: readonly Selector[];
}

const fileBytes = 1_048_576;
const text = z.string().min(1).max(512);
const file = z.string().min(1).max(4_096);
/** PEM text, or the path of a PEM or DER file. */
const certificate = z.string().min(1).max(16_384);

const schema = z.strictObject({
  issuer: text.exactOptional(),
  audience: text.exactOptional(),
  challenge: text.exactOptional(),
  jkt: text.exactOptional(),
  partition: text.exactOptional(),
  trustedIssuers: z
    .array(z.looseObject({ keys: z.union([file, z.looseObject({ keys: z.array(z.unknown()) })]).exactOptional() }))
    .max(100)
    .exactOptional(),
  nitroRoot: certificate.exactOptional(),
  ec2Certificates: z.record(z.string().max(32), certificate).exactOptional(),
  selectors: z.array(z.unknown()).max(20).exactOptional(),
});

/**
 * Reads a settings file, YAML or JSON; files it names are relative to it. Trusted issuers and selectors have the shape
 * they have in the registry.
 * @throws Usage naming the first thing that is wrong
 */
export async function loadAttestSettings(path: string): Promise<AttestSettings> {
  const content = await bytesOf(path);
  let value: unknown;
  try {
    value = parse(Buffer.from(content).toString("utf8"), { maxAliasCount: 100 });
  } catch (cause) {
    throw new Usage(`${path} is neither YAML nor JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return settingsOf(value, dirname(resolve(path)), path);
}

/**
 * Validates settings.
 * @param folder the folder that relative paths start from
 * @param name for messages
 * @throws Usage
 */
async function settingsOf(value: unknown, folder: string, name: string): Promise<AttestSettings> {
  const { trustedIssuers, nitroRoot, ec2Certificates, selectors, ...plain } = checked(schema, value ?? {}, name);
  const trust: Trust[] = [];
  for (const [index, { keys, ...row }] of (trustedIssuers ?? []).entries()) {
    const named = { kind: "trusted-issuer", name: `settings-${index}`, ...row };
    const registration = checked(registrationSchema, named, `${name}: trustedIssuers ${index}`);
    if (registration.kind !== "trusted-issuer") throw new Usage(`${name}: trustedIssuers ${index} is of another kind`);
    const bytes =
      typeof keys === "string" ? await bytesOf(resolve(folder, keys)) : keys && Buffer.from(JSON.stringify(keys));
    trust.push({ registration, ...(bytes ? { keys: bytes } : {}) });
  }
  const pinned = new Map<string, string>();
  for (const [region, given] of Object.entries(ec2Certificates ?? {}))
    pinned.set(region, Buffer.from(await derOf(given, folder)).toString("base64"));
  return {
    ...plain,
    ...(trustedIssuers ? { trust } : {}),
    ...(nitroRoot === undefined ? {} : { nitroRoot: await derOf(nitroRoot, folder) }),
    ...(ec2Certificates ? { ec2Certificates: pinned } : {}),
    ...(selectors ? { selectors: readSelectors(selectors, name) } : {}),
  };
}

function readSelectors(selectors: readonly unknown[], name: string): readonly Selector[] {
  const agent = { kind: "agent", name: "explained", state: "active", owner: "none", sponsor: "none", selectors };
  const read = checked(registrationSchema, agent, name);
  return read.kind === "agent" ? read.selectors : [];
}

function checked<T>(shape: z.ZodType<T>, value: unknown, name: string): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Usage(`${name}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not understood"}`);
}

async function derOf(given: string, folder: string): Promise<Uint8Array> {
  const content = given.includes("-----BEGIN")
    ? Buffer.from(given)
    : Buffer.from(await bytesOf(resolve(folder, given)));
  const pem = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(
    content.toString("latin1"),
  );
  return pem ? Buffer.from(pem[1] ?? "", "base64") : content;
}

/** A settings file, or one it names. */
async function bytesOf(path: string): Promise<Uint8Array> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch {
    throw new Usage(`${path} cannot be read`);
  }
  if (content.length > fileBytes) throw new Usage(`${path} is longer than ${fileBytes} bytes`);
  return content;
}
