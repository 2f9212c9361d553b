import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { limits } from "../model/limits.ts";
import { loginsOf } from "../model/login.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import { ancestorsOf, type Session } from "../model/session.ts";
import { subjects } from "../model/subjects.ts";
import { queryFor } from "../session/liveness.ts";
import type { LivenessQuery } from "../session/store.ts";

/** The secret of a day, which all instances agree on: 256 bits, as text. */
type LocatorSecrets = (day: number) => Promise<string>;

const daySeconds = 86_400;
const tagBytes = 16;
/** Each key encrypts exactly one message, so the nonce can be constant. */
const nonce = Buffer.alloc(12);
/** Locators are padded to a multiple of this: an exact length would tell names apart. */
const stepBytes = 256;

/** Characters of a locator with so many bytes. */
export const sealedCharacters = (bytes: number): number => Math.ceil(((bytes + tagBytes) * 4) / 3);

/** The day whose secret seals a handle that is made now. */
export const locatorDay = (clock: Clock): number => Math.floor(nowSeconds(clock) / daySeconds);

/** The parts of the key that the handle itself carries. */
interface Sealing {
  readonly root: string;
  /** The handle's 256 bits. */
  readonly secret: string;
}

/** The key of one handle. No two handles share one, since each has 256 random bits of its own. */
const keyOf = ({ root, secret }: Sealing, daySecret: string): Buffer =>
  createHmac("sha256", daySecret).update(`lanyard-offer-locator\0${root}\0${secret}`).digest();

/**
 * Seals the names of what must be read with an offer, so that its redemption reads everything in one batch: the giving
 * session, the sessions above it, and every subject that can end them. Somebody who finds the handle in a queue learns none of
 * these names (threat 17). The locator is a hint and no authority: decisions rest on the offer's row, and what that row
 * requires beyond the locator is read as well.
 * @param from the giving session
 * @returns undefined where it is longer than `limits.offerLocatorBytes`: the offer is then read first
 */
export function sealLocator(from: Session, sealing: Sealing, daySecret: string): string | undefined {
  const query = queryFor({ ...from, principalId: from.principal.id, logins: loginsOf(from.epochs) });
  const names = new Set([...query.subjects, ...Object.keys(from.epochs)]);
  // the deployment's row is part of every batch
  names.delete(subjects.deployment);
  const said = Buffer.from(JSON.stringify([from.sid, from.anc, [...names]]), "utf8");
  if (said.length > limits.offerLocatorBytes) return undefined;
  const padded = Buffer.alloc(Math.ceil(said.length / stepBytes) * stepBytes, " ");
  said.copy(padded);
  const cipher = createCipheriv("aes-256-gcm", keyOf(sealing, daySecret), nonce, { authTagLength: tagBytes });
  return Buffer.concat([cipher.update(padded), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

/**
 * Decrypts the locator of a handle that was made within the longest life of an offer.
 * @param sealed undefined for a handle without one
 * @returns what to read; undefined for a locator that we did not seal, whose handle is then looked up by its hash and
 * not found
 */
export async function openLocator(
  { sealed, ...sealing }: Sealing & { readonly sealed?: string },
  secrets: LocatorSecrets,
  clock: Clock,
): Promise<LivenessQuery | undefined> {
  if (sealed === undefined) return undefined;
  const now = nowSeconds(clock);
  const days = new Set([now, now - limits.offerLifeMaxSeconds].map((at) => Math.floor(at / daySeconds)));
  for (const day of days) {
    const said = opened(Buffer.from(sealed, "base64url"), keyOf(sealing, await secrets(day)));
    if (said !== undefined) return queryOf(said, sealing.root);
  }
  return undefined;
}

function opened(sealed: Buffer, key: Buffer): string | undefined {
  if (sealed.length <= tagBytes) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

/** Needs no further checks: nobody without the secret of the day can have sealed it. */
function queryOf(said: string, root: string): LivenessQuery {
  const [sid, anc, names] = JSON.parse(said) as [string, readonly string[], readonly string[]];
  return { session: { root, sid }, tombstones: [sid, ...ancestorsOf({ root, sid, anc })], subjects: names };
}
