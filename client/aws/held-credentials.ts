import { type Clock, type Moment, momentOf, mostMillisSince } from "../../core/model/ports.ts";
import { type Life, surelyLives } from "../agent/life.ts";
import { LanyardError } from "../error.ts";
import type { LanyardErrorCode } from "../error-codes.ts";

/** Temporary AWS credentials in the form that every client of AWS's SDK for JavaScript takes. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/** Gives credentials that still live, each time it is asked: what a client of AWS's SDK takes as `credentials`. */
export type AwsCredentialsProvider = () => Promise<AwsCredentials>;

/** Credentials that were just fetched, and how long they live from the asking on. */
export interface FetchedCredentials {
  readonly credentials: AwsCredentials;
  readonly life: Life;
}

/** How credentials are held. */
interface HeldInput {
  /** Fetches new ones; each call costs its own request. */
  fetchCredentials(): Promise<FetchedCredentials>;
  readonly clock: Clock;
  /** Throws once nothing may be handed out any more. */
  mustLive(): void;
  /** False when new ones would not be given, or not live longer: then those in hand are used to their end. */
  worthRenewing(held: Life): boolean;
}

/** Longest time before their end at which credentials are no longer handed out: the request must still arrive. */
const longestMarginSeconds = 10;
/** How long a failure is told again instead of asking anew: when nobody said when to come back, and at most. */
const pauseSeconds = 1;
const longestPauseSeconds = 30;
/**
 * The SDK keeps what lives for more than five minutes, and does not ask before. Told less, it asks before each request,
 * and the end of a session counts at once.
 */
const askedAgainWithinMillis = 299_000;

/**
 * Refusals that are about the session, the agent or what it may do. After one of them nothing that was given earlier is
 * handed out. Other failures say nothing about the session, and credentials in hand are used on.
 */
const refusals: ReadonlySet<LanyardErrorCode> = new Set<LanyardErrorCode>([
  ...(["request_refused", "identity_refused", "attestation_refused", "access_refused", "refused"] as const),
  ...(["scope_refused", "target_refused", "details_refused", "session_over", "session_lapsed"] as const),
]);

/**
 * Holds AWS credentials and renews them when they are asked for: in the background from half their life on, at once when
 * there are none that live. However many ask, one request is under way at a time. No timer runs, so nothing is fetched
 * that nobody asks for, and no process is kept from ending.
 */
export function holdCredentials(input: HeldInput): AwsCredentialsProvider {
  const { clock } = input;
  let held: FetchedCredentials | undefined;
  let flight: Promise<FetchedCredentials> | undefined;
  let failure: { readonly error: unknown; readonly at: Moment } | undefined;

  const failed = (error: unknown): never => {
    if (error instanceof LanyardError && refusals.has(error.code)) held = undefined;
    failure = { error, at: momentOf(clock) };
    throw error;
  };
  const renew = (): Promise<FetchedCredentials> => {
    flight ??= input
      .fetchCredentials()
      .then((fetched) => {
        failure = undefined;
        held = fetched;
        return fetched;
      }, failed)
      .finally(() => {
        flight = undefined;
      });
    return flight;
  };
  /** A failure is not asked about again at once: for as long as the answer said, or else for so many seconds. */
  const pauses = (seconds: number): boolean => {
    if (!failure) return false;
    const told = failure.error instanceof LanyardError ? failure.error.retryAfterSeconds : undefined;
    return mostMillisSince(failure.at, clock) < Math.min(told ?? seconds, longestPauseSeconds) * 1000;
  };

  const mustLive = (): void => {
    try {
      input.mustLive();
    } catch (cause) {
      held = undefined;
      throw cause;
    }
  };

  return async () => {
    mustLive();
    if (held && canServe(held.life, clock)) {
      const isYoung = surelyLives(held.life, held.life.lifeSeconds / 2, clock);
      // nobody waits for it, nor hears of its failure before those in hand have ended; an outage is not made worse by
      // asking each second
      const backgroundPause = Math.max(pauseSeconds, held.life.lifeSeconds / 12);
      if (!isYoung && !pauses(backgroundPause) && input.worthRenewing(held.life)) void renew().catch(() => undefined);
      return soonAskedAgain(held, clock);
    }
    // twice: a machine that slept between question and answer wakes with credentials that are over
    for (let tries = 1; tries <= 2; tries++) {
      if (!flight && failure && pauses(pauseSeconds)) throw failure.error;
      const fetched = await renew();
      mustLive();
      if (canServe(fetched.life, clock)) return soonAskedAgain(fetched, clock);
    }
    throw new LanyardError("timeout", "credentials", { description: "the answer came when its credentials had ended" });
  };
}

const canServe = (life: Life, clock: Clock): boolean =>
  surelyLives(life, Math.min(longestMarginSeconds, life.lifeSeconds / 6), clock);

/** Never later than they end by AWS's clock, nor by this machine's, by which the SDK measures. */
function soonAskedAgain({ credentials, life }: FetchedCredentials, clock: Clock): AwsCredentials {
  const endMillis = life.asked.wallMillis + life.lifeSeconds * 1000;
  const soonest = Math.min(credentials.expiration.getTime(), endMillis, clock.nowMillis() + askedAgainWithinMillis);
  return { ...credentials, expiration: new Date(soonest) };
}
