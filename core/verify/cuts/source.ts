import { limits } from "../../model/limits.ts";
import type { Clock, Fetcher } from "../../model/ports.ts";
import { nowSeconds } from "../../model/ports.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { cutNameCharacters, cutNameText } from "../../model/subjects.ts";
import { sha256 } from "../../text/digest.ts";
import { createFreshDocument } from "../fresh-document.ts";
import type { IssuerKeys } from "../issuer-keys.ts";
import type { VerifyRefusal } from "../refusal.ts";
import type { IssuedUnder } from "../verified-access.ts";
import { type Cuts, cutsUri, verifyCuts } from "./document.ts";

/** What the document of cuts is fetched with and checked against. */
interface CutSourceInput {
  readonly issuer: string;
  readonly keys: IssuerKeys;
  readonly fetcher: Fetcher;
  readonly clock: Clock;
  /** How long the document may be used at the most, in seconds; its own `ttl` where that is shorter. */
  readonly freshSeconds?: number;
}

/** A document that could not be fetched is fetched again after this long. */
const cutsCoolDownMillis = 1_000;

type SubjectKind = Extract<VerifyRefusal, { readonly code: "session_cut" }>["subject"];

/**
 * Compares what a token was issued under with the issuer's document of cuts. There is one small document however many
 * sessions a cut ended; it is fetched when needed and used for its `ttl`.
 * @returns a check of one token: nothing when no subject of it was cut since, or when the token does not say what it
 * was issued under; else `session_cut`, or `cuts_unavailable` without a fresh document
 */
export function createCutSource(
  input: CutSourceInput,
): (issuedUnder: IssuedUnder | undefined) => Promise<Result<void, VerifyRefusal>> {
  const { issuer, clock } = input;
  const document = createFreshDocument<Cuts>({
    load: (held) => loadCuts(held, input),
    clock,
    coolDownMillis: cutsCoolDownMillis,
  });
  /**
   * Hashed names, kept for tokens that come again. Hashes are needed only while anything is cut, but then for every
   * request.
   */
  const names = new WeakMap<IssuedUnder, readonly string[]>();
  const namesOf = async (issuedUnder: IssuedUnder): Promise<readonly string[]> => {
    const known = names.get(issuedUnder);
    if (known) return known;
    const made: string[] = [];
    for (const [subject] of issuedUnder.epochs)
      made.push((await sha256(cutNameText(issuer, subject))).slice(0, cutNameCharacters));
    names.set(issuedUnder, made);
    return made;
  };
  return async (issuedUnder) => {
    if (!issuedUnder) return ok(undefined);
    const cuts = await document.get();
    if (!cuts.ok) return err({ code: "cuts_unavailable", why: cuts.error });
    const { epochs } = cuts.value;
    if (epochs.size === 0) return ok(undefined);
    const isCut = (name: string, epoch: number) => (epochs.get(name) ?? 0) > epoch;
    if (issuedUnder.others.some(([name, epoch]) => isCut(name, epoch)))
      return err({ code: "session_cut", subject: "build" });
    const named = await namesOf(issuedUnder);
    const cut = issuedUnder.epochs.find(([, epoch], n) => isCut(named[n] ?? "", epoch));
    return cut ? err({ code: "session_cut", subject: kindOf(cut[0]) }) : ok(undefined);
  };
}

/** The kind of a liveness subject is what stands before its first colon. */
const kindOf = (subject: string): SubjectKind => subject.split(":", 1)[0] as SubjectKind;

async function loadCuts(
  held: Cuts | undefined,
  { issuer, keys, fetcher, clock, freshSeconds = Number.POSITIVE_INFINITY }: CutSourceInput,
): Promise<Result<{ readonly value: Cuts; readonly lifeSeconds: number }, string>> {
  const bounds = { maxBytes: limits.cutsBytes, timeoutMillis: limits.fetchTimeoutMillis };
  const fetched = await fetcher.get(cutsUri(issuer), bounds);
  if (!fetched.ok) return err(`${fetched.error.why}: ${fetched.error.detail}`);
  const now = nowSeconds(clock);
  const cuts = await verifyCuts(new TextDecoder().decode(fetched.value.body).trim(), { issuer, keys, nowSeconds: now });
  if (!cuts.ok) return cuts;
  // an older document may still be signed and fresh, and would undo a cut (threat 26). When the life of the document
  // seen last is over it is no longer held, so a publisher that had to start again is accepted
  const isOlder = held !== undefined && cuts.value.version < held.version;
  if (isOlder && now < held.issuedAtSeconds + limits.statusListLifeSeconds)
    return err("the document of cuts is older than the one already seen");
  return ok({ value: cuts.value, lifeSeconds: Math.min(cuts.value.lifeSeconds, freshSeconds) });
}
