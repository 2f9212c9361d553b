import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import { type Ask, askOf } from "../notices/ask.ts";
import { foldAsks, type Notice } from "../notices/fold.ts";

/** One message of the queue, which comes again until it is deleted. */
export interface TakenAsk {
  readonly body: string;
  /** By which it is deleted. */
  readonly receipt: string;
}

/** What telling people needs. */
interface NoticesDeps {
  readonly clock: Pick<Clock, "nowMillis">;
  /** The queue of what began to wait. */
  readonly queue: {
    /** @param most messages at most; fewer when no more are there */
    take(most: number): Promise<readonly TakenAsk[]>;
    drop(messages: readonly TakenAsk[]): Promise<void>;
  };
  /** What people were told of. */
  readonly told: {
    /** Which of these they were told of. */
    among(asks: readonly Ask[]): Promise<ReadonlySet<string>>;
    keep(asks: readonly Ask[]): Promise<void>;
  };
  /** Sends one notice to whoever subscribed; rejects when it was not taken. */
  readonly publish: (notice: Notice) => Promise<void>;
  /** Hears of a notice that could not be sent, or not be kept as sent, and why. */
  readonly failed: (notice: Notice, cause: unknown) => void;
}

/** What one run did. */
interface NoticesReport {
  readonly notices: number;
  readonly requests: number;
  /** Messages that are none of ours. The queue sets them aside, and that rings. */
  readonly unreadable: number;
  /** Notices that were not sent. What they would have told of comes again. */
  readonly failed: number;
}

/**
 * Tells people, once a minute, what began to wait for them in that minute: one notice a group (threat 65).
 *
 * 1. **take** from the queue what came since the last run
 * 2. **read** each message; one that cannot be read stays, until the queue sets it aside
 * 3. **drop** what is over, and what people were told of before
 * 4. **fold** the rest by group
 * 5. **tell** each group; one that cannot be told holds up no other
 * 6. **keep** that it was told, and only then delete its messages
 *
 * Nothing is lost: what was not told of is not deleted. Who dies between 5 and 6 leaves one notice that comes twice. It
 * decides nothing, and changes nothing that anybody decides by.
 */
export async function tellPeople(deps: NoticesDeps): Promise<NoticesReport> {
  const now = nowSeconds(deps.clock);
  // 1. take
  const taken = await deps.queue.take(limits.noticesAtOnce);
  // 2. read
  const read = taken.flatMap((message) => {
    const ask = askOf(message.body);
    return ask ? [{ ask, message }] : [];
  });
  // 3. drop
  const current = read.map(({ ask }) => ask).filter(({ endsAtSeconds }) => endsAtSeconds > now);
  const told = await deps.told.among(current);
  // 4. fold
  const notices = foldAsks(current.filter(({ id }) => !told.has(id)));
  const failed = new Set<string>();
  for (const notice of notices) if (!(await tell(notice, deps))) for (const { id } of notice.asks) failed.add(id);
  await deps.queue.drop(read.filter(({ ask }) => !failed.has(ask.id)).map(({ message }) => message));
  const sent = notices.filter(({ asks }) => asks.every(({ id }) => !failed.has(id)));
  return {
    notices: sent.length,
    requests: sent.reduce((sum, { asks }) => sum + asks.length, 0),
    unreadable: taken.length - read.length,
    failed: notices.length - sent.length,
  };
}

async function tell(notice: Notice, { publish, told, failed }: NoticesDeps): Promise<boolean> {
  try {
    // 5. tell
    await publish(notice);
    // 6. keep
    await told.keep(notice.asks);
    return true;
  } catch (cause) {
    failed(notice, cause);
    return false;
  }
}
