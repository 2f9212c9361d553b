import { type Clock, type Moment, momentOf, mostMillisSince, nowSeconds } from "../../core/model/ports.ts";
import { cibaGrant } from "../../core/model/wire.ts";
import { LanyardError } from "../error.ts";
import type { Answer } from "../http.ts";
import type { Calls, FormInput } from "./calls.ts";

/** A request that waits for people. */
export interface WaitingApproval {
  /** Its name, `ap_…`: people find it by this, and it is no secret. */
  readonly id: string;
  /** How long is left for people to decide, in seconds. */
  readonly expiresInSeconds: number;
}

/** How an agent waits for people. */
export interface ApprovalWait {
  /**
   * Hears that people were asked, once for each request. It may return a promise, where whoever has people asked also
   * hears of their answer: that somebody decided is then asked about at once, in place of after the first interval. The
   * promise says when to ask, never what was decided. Where it is rejected, the wait ends with its reason.
   */
  readonly onPending?: (waiting: WaitingApproval) => void | PromiseLike<void>;
  /** Ends the wait. What waits stays: the same request made again attaches to it. */
  readonly signal?: AbortSignal;
}

/** RFC 8628 3.5: by so much a client asks less often after `slow_down`. */
const slowerSeconds = 5;
/** Failures of a call that say nothing of the approval. */
const passing: ReadonlySet<string> = new Set(["unreachable", "timeout", "unavailable"]);

/**
 * Sends a token request and, where it waits for people, asks how it stands in the interval that the answer names, until
 * it is approved, refused or over. The first time may be at once, as soon as the promise of `onPending` says that
 * somebody decided: the interval is between two polls (CIBA 7.3), and there was none before.
 * @param wait left out, the wait is the caller's: the error has the approval's id
 * @throws LanyardError `approval_pending` without `wait`; `access_refused`, `approval_expired`, `approval_stale`; and
 * the reason of the signal, or of the rejected promise, where that ended the wait
 */
export async function approvedAnswer(
  form: FormInput,
  wait: ApprovalWait | undefined,
  { calls, clock }: { readonly calls: Calls; readonly clock: Clock },
): Promise<TimedAnswer> {
  const ask = (sent: FormInput) => timed(() => calls("token", sent), clock);
  const first = await ask(form);
  if (!("pending" in first)) return first;
  if (!wait) throw first.pending;
  const { approval } = first.pending;
  if (!approval) throw first.pending;
  const { id, expiresInSeconds } = approval;
  const asked = momentOf(clock);
  const { decided, signals } = heardOf(wait.onPending?.({ id, expiresInSeconds }), wait.signal);
  let { intervalSeconds } = approval;
  for (let sooner = decided; mostMillisSince(asked, clock) < expiresInSeconds * 1000; sooner = undefined) {
    await pause(intervalSeconds, { signals, sooner });
    const next = await ask([
      ["grant_type", cibaGrant],
      ["auth_req_id", id],
    ]);
    if (!("pending" in next)) return next;
    const { code, error, approval: still } = next.pending;
    if (error === "slow_down") intervalSeconds += slowerSeconds;
    else if (code === "approval_pending" && still) intervalSeconds = Math.max(intervalSeconds, still.intervalSeconds);
  }
  throw new LanyardError("approval_expired", "token", { description: "nobody decided in time" });
}

/** An answer, and when it was asked for: its life counts from then. */
interface TimedAnswer {
  readonly answer: Answer;
  readonly asked: Moment;
  readonly askedAtSeconds: number;
}

/** The answer, or the error by which the wait goes on. */
async function timed(
  work: () => Promise<Answer>,
  clock: Clock,
): Promise<TimedAnswer | { readonly pending: LanyardError }> {
  const [asked, askedAtSeconds] = [momentOf(clock), nowSeconds(clock)];
  try {
    return { answer: await work(), asked, askedAtSeconds };
  } catch (error) {
    const isWait = error instanceof LanyardError && (error.approval !== undefined || passing.has(error.code));
    if (isWait) return { pending: error };
    throw error;
  }
}

/** When to ask sooner, and what ends the wait. */
interface Heard {
  /** Kept when somebody decided; never rejected. Undefined where nobody says so. */
  readonly decided: Promise<void> | undefined;
  readonly signals: readonly AbortSignal[];
}

/** A rejected promise ends the wait as a signal does: also one that is rejected while a poll is under way. */
function heardOf(promised: void | PromiseLike<void>, signal: AbortSignal | undefined): Heard {
  const given = signal ? [signal] : [];
  if (promised === undefined) return { decided: undefined, signals: given };
  const failed = new AbortController();
  const decided = Promise.resolve(promised).catch((reason: unknown) => failed.abort(reason));
  return { decided, signals: [failed.signal, ...given] };
}

/** Waits so many seconds, or until `sooner` where that is before; an end of the wait goes before both. */
function pause(
  seconds: number,
  { signals, sooner }: { readonly signals: readonly AbortSignal[]; readonly sooner: Promise<void> | undefined },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", stop);
      end();
    };
    const stop = () => settle(() => reject(signals.find(({ aborted }) => aborted)?.reason));
    const timer = setTimeout(() => settle(resolve), seconds * 1000);
    for (const signal of signals) signal.addEventListener("abort", stop);
    if (signals.some(({ aborted }) => aborted)) return stop();
    sooner?.then(() => settle(resolve));
  });
}
