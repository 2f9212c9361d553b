/** How much of the account's Lambda concurrency the streams and queues may take from those who wait for an answer. */

/** Shards of a new on-demand table's stream: a mapping works off so many batches at a time, times its parallelism. */
export const shardsAtFirst = 4;

/** Batches of one shard that are worked on at a time (`queue`: messages of the whole queue). */
interface Parallelism {
  readonly relay: number;
  /** Of each of its two streams. */
  readonly publisher: number;
  readonly transmitter: number;
}

const within = (least: number, amount: number, most: number): number =>
  Math.min(most, Math.max(least, Math.floor(amount)));

/**
 * Parallelism by the account's concurrency. The relay runs whenever anybody is answered: it gets a fifth, and the
 * publisher, which runs when something is revoked, another. One batch a shard is the least there is: in a new account
 * of ten the relay takes four at most, and a burst of revocations can take the rest for the seconds it lasts.
 */
export function parallelism({ lambdaConcurrency }: { readonly lambdaConcurrency: number }): Parallelism {
  const share = lambdaConcurrency / 5 / shardsAtFirst;
  return {
    relay: within(1, share, 4),
    publisher: within(1, share / 2, 10),
    // a queue's mapping takes no less than two
    transmitter: within(2, lambdaConcurrency / 10, 5),
  };
}

/** What AWS keeps unreserved: reserving more fails the deployment. */
export const reservableOf = (lambdaConcurrency: number): number => Math.max(0, lambdaConcurrency - 100);
