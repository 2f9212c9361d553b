import { createHmac, timingSafeEqual } from "node:crypto";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { type Clock, type Ids, type MacSource, nowSeconds } from "../model/ports.ts";
import { type ReplayEntry, replayKey } from "../model/replay/entry.ts";
import { err, ok, type Result } from "../model/result.ts";

/** What checking a challenge needs. */
interface ChallengeDeps {
  readonly clock: Clock;
  readonly macs: MacSource;
  /** A challenge of one deployment is not accepted by another. */
  readonly issuer: string;
}

/** Challenges are our own, but an instance whose clock runs ahead may have made one. */
const aheadSeconds = 5;

const shape = /^([A-Za-z0-9_-]{22})\.([1-9][0-9]{9})\.([A-Za-z0-9_-]{43})$/;

/**
 * Makes a challenge without storing it: 128 random bits, the second it was made in, and an HMAC-SHA-256 over both under
 * that minute's key. Anybody may ask for one, so a row for each would let strangers write to our tables at our cost
 * (threat 13). Only its use is a row, written in the attestation's transaction. Its characters are allowed in the value
 * of an STS tag.
 */
export async function createChallenge(deps: ChallengeDeps & { readonly ids: Ids }): Promise<string> {
  const madeAt = nowSeconds(deps.clock);
  const body = `${deps.ids.id()}.${madeAt}`;
  return `${body}.${(await mac(body, madeAt, deps)).toString("base64url")}`;
}

/**
 * Checks a challenge that came back. Its age is checked before the HMAC, so that no stranger chooses the minutes for
 * which keys are derived.
 * @returns the replay entry that consumes it, or `challenge_invalid`
 */
export async function checkChallenge(
  challenge: string,
  deps: ChallengeDeps,
): Promise<Result<{ readonly replayEntry: ReplayEntry }, Denial>> {
  const [, id, second, tag] = shape.exec(challenge) ?? [];
  if (id === undefined || second === undefined || tag === undefined) return invalid("malformed");
  const madeAt = Number(second);
  const age = nowSeconds(deps.clock) - madeAt;
  if (age > limits.challengeLifeSeconds || age < -aheadSeconds) return invalid("expired");
  const expected = (await mac(`${id}.${second}`, madeAt, deps)).toString("base64url");
  // compared as text, since 43 base64url characters can spell the same 32 bytes in several ways
  if (!timingSafeEqual(Buffer.from(tag, "ascii"), Buffer.from(expected, "ascii"))) return invalid("foreign");
  const expiresAtSeconds = madeAt + limits.challengeLifeSeconds + limits.foreignSkewSeconds;
  return ok({ replayEntry: { kind: "challenge", key: replayKey("challenge", deps.issuer, id), expiresAtSeconds } });
}

const invalid = (why: "malformed" | "foreign" | "expired") => err<Denial>({ code: "challenge_invalid", why });

async function mac(body: string, madeAtSeconds: number, deps: ChallengeDeps): Promise<Buffer> {
  const key = await deps.macs.minuteKey(Math.floor(madeAtSeconds / 60));
  return createHmac("sha256", key).update(`lanyard-challenge\0${deps.issuer}\0${body}`, "utf8").digest();
}
