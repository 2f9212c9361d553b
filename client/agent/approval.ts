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
  /** Hears that people were asked, once for each request. */
  readonly onPending?: (waiting: WaitingApproval) => void;
  /** Ends the wait. What waits stays: the same request made again attaches to it. */
  readonly signal?: AbortSignal;
}

/** RFC 8628 3.5: by so much a client asks less often after `slow_down`. */
const slowerSeconds = 5;
/** Failures of a call that say nothing of the approval. */
const passing: ReadonlySet<string> = new Set(["unreachable", "timeout", "unavailable"]);

/**
 * Sends a token request and, where it waits for people, asks how it stands in the interval that the answer names, until
 * it is approved, refused or over.
 * @param wait left out, the wait is the caller's: the error has the approval's id
 * @throws LanyardError `approval_pending` without `wait`; `access_refused`, `approval_expired`, `approval_stale`; and
 * the signal's reason where that ended the wait
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
  wait.onPending?.({ id, expiresInSeconds });
  const asked = momentOf(clock);
  let { intervalSeconds } = approval;
  while (mostMillisSince(asked, clock) < expiresInSeconds * 1000) {
    await pause(intervalSeconds, wait.signal);
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

function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
