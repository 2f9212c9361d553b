/**
 * How much of the account's Lambda concurrency the streams and queues may take from functions whose callers wait for an
 * answer.
 */

/**
 * Shards of a new on-demand table's stream: a mapping handles so many batches at the same time, multiplied by its
 * parallelism.
 */
export const shardsAtFirst = 4;

/** Batches of one shard that are handled at the same time (`queue`: messages of the whole queue). */
interface Parallelism {
  readonly relay: number;
  /** For each of its two streams. */
  readonly publisher: number;
  readonly transmitter: number;
}

const within = (least: number, amount: number, most: number): number =>
  Math.min(most, Math.max(least, Math.floor(amount)));

/**
 * Parallelism by the account's concurrency. The relay runs whenever a caller is answered and gets a fifth; the
 * publisher, which runs when something is revoked, gets another fifth. The minimum is one batch for each shard: in a
 * new account with ten, the relay takes four at most, and a burst of revocations can take the rest for a few seconds.
 */
export function parallelism({ lambdaConcurrency }: { readonly lambdaConcurrency: number }): Parallelism {
  const share = lambdaConcurrency / 5 / shardsAtFirst;
  return {
    relay: within(1, share, 4),
    publisher: within(1, share / 2, 10),
    // the minimum for a queue's mapping is two
    transmitter: within(2, lambdaConcurrency / 10, 5),
  };
}

/** How much may be reserved. AWS keeps some unreserved, and a deployment that reserves more fails. */
export const reservableOf = (lambdaConcurrency: number): number => Math.max(0, lambdaConcurrency - 100);
