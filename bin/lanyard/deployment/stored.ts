import { chmod, mkdir, rename, stat, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { Usage } from "../terminal/outcome.ts";
import { profileOf } from "./client.ts";
import { parseJson, readIfThere } from "./files.ts";
import { isCallable } from "./function-url.ts";
import type { Env, Profile } from "./model.ts";

const address = z.string().max(2_048).refine(isCallable, "must be a URL with https");

const tableName = z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/);
const killPlace = z.object({
  role: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/),
  ocsf: z.string().min(1).max(16),
  revocations: tableName,
  outbox: tableName,
  registry: tableName,
  subjects: tableName,
});

/** A deployment's description, in a parameter that its Service stack writes. */
export const described = z.object({
  stage: z.string().min(1).max(64),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  trustDomain: z.string().regex(/^[a-z0-9._-]{1,255}$/),
  issuer: address,
  adminRevoke: address,
  adminWrite: address,
  adminRead: address,
  adminRotate: address.optional(),
  approve: address.optional(),
  auditBucket: z.string().min(3).max(63).optional(),
  logKey: z.string().min(1).max(256).optional(),
  relay: z.string().min(1).max(140).optional(),
  refusedQueue: address.optional(),
  kill: killPlace.optional(),
});
const stored = described.extend({
  /** Profile of the AWS configuration whose credentials are used; when left out, the usual chain decides. */
  awsProfile: z.string().min(1).max(128).optional(),
});
const file = z.object({ version: z.literal(1), profiles: z.record(z.string(), stored) });

/** A deployment as a profile stores it, without any secret. */
export type Stored = z.infer<typeof stored>;

/** Valid names of profiles. */
export const profileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Where we keep what is the user's (XDG Base Directory 0.8); undefined where there is no place for it. */
export function configFolder(env: Env): string | undefined {
  // by the specification, a relative path must be ignored
  const base = env.XDG_CONFIG_HOME && isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : undefined;
  const folder = base ?? (env.HOME ? join(env.HOME, ".config") : (env.APPDATA ?? undefined));
  return folder ? join(folder, "lanyard") : undefined;
}

/** The file of profiles. */
function storedFile(env: Env): string | undefined {
  const folder = configFolder(env);
  return folder === undefined ? undefined : join(folder, "profiles.json");
}

/**
 * Every stored profile by name.
 * @throws Usage for a malformed file, or one that others may write, since they could have an operator's orders sent
 * elsewhere
 */
export async function readStored(env: Env): Promise<Readonly<Record<string, Stored>>> {
  const path = storedFile(env);
  const text = path === undefined ? undefined : await readIfThere(path);
  if (path === undefined || text === undefined) return {};
  if (process.platform !== "win32" && ((await stat(path)).mode & 0o022) !== 0)
    throw new Usage(
      `others may write ${path}, and so could send your orders elsewhere: chmod 600 it, after a look into it`,
    );
  const parsed = file.safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data.profiles;
  const [issue] = parsed.error.issues;
  throw new Usage(`${path} is no file of profiles: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
}

/**
 * Replaces the file of profiles as a whole; only its owner may read it. @throws Usage where there is no configuration
 * folder
 */
export async function writeStored(env: Env, profiles: Readonly<Record<string, Stored>>): Promise<string> {
  const path = storedFile(env);
  if (path === undefined) throw new Usage("there is no place for profiles: set HOME or XDG_CONFIG_HOME");
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.${process.pid}`;
  await writeFile(next, `${JSON.stringify({ version: 1, profiles }, null, 2)}\n`, { mode: 0o600 });
  await chmod(next, 0o600);
  await rename(next, path);
  return path;
}

/** A stored profile for the commands. @throws Usage for a name that is not stored */
export async function storedProfile(name: string, env: Env): Promise<Profile> {
  const all = await readStored(env);
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (!found) {
    const there = Object.keys(all);
    throw new Usage(
      `there is no profile ${JSON.stringify(name)}; ` +
        (there.length > 0 ? `there are ${there.join(", ")}` : "lanyard login --stage <stage> stores one"),
    );
  }
  return profileOfStored(name, found);
}

/** @param name name of the profile */
export function profileOfStored(name: string, found: Stored): Profile {
  const { stage, account, region, trustDomain, issuer, adminRevoke, adminWrite, adminRead, adminRotate } = found;
  const { logKey, relay, refusedQueue } = found;
  const known = {
    name,
    kind: "aws",
    from: `profile ${name}`,
    stage,
    account,
    region,
    trustDomain,
    issuer: issuer.replace(/\/$/, ""),
    admin: adminRevoke,
    adminWrite,
    adminRead,
    ...(adminRotate === undefined ? {} : { adminRotate }),
    ...(found.approve === undefined ? {} : { approve: found.approve }),
    ...(found.auditBucket === undefined ? {} : { audit: { bucket: found.auditBucket } }),
    ...(logKey === undefined ? {} : { logKey }),
    ...(relay === undefined ? {} : { relay }),
    ...(refusedQueue === undefined ? {} : { refusedQueue }),
    ...(found.kill === undefined ? {} : { kill: found.kill }),
    variables: { account, region, trustDomain },
  } as const;
  return profileOf(known, found.awsProfile === undefined ? {} : { profile: found.awsProfile });
}
