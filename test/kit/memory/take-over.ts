import type { Offer, Session } from "../../../core/model/session.ts";
import type { CommitConflict, TakeOver } from "../../../core/session/store.ts";
import { rowKey } from "./rows.ts";

/** The rows that a takeover is about. */
interface Rows {
  readonly sessions: Map<string, Session>;
  readonly offers: Map<string, Offer>;
}

/** Why a session cannot be taken over now. */
export function takeOverConflict(
  takeOver: TakeOver | undefined,
  { sessions, offers }: Rows,
): CommitConflict | undefined {
  if (!takeOver) return undefined;
  const { root, sid, handleHash, wasJkt } = takeOver;
  const session = sessions.get(rowKey(root, sid));
  const from = offers.get(rowKey(root, handleHash))?.redeemed;
  const isAsRead = session?.jkt === wasJkt && from?.jkt === wasJkt && !session.ended;
  return isAsRead ? undefined : { kind: "taken_over_meanwhile" };
}

/** Binds a session and its offer to another key. */
export function takenOver({ root, sid, handleHash, jkt }: TakeOver, { sessions, offers }: Rows): void {
  const [at, from] = [rowKey(root, sid), rowKey(root, handleHash)];
  sessions.set(at, { ...(sessions.get(at) as Session), jkt });
  offers.set(from, { ...(offers.get(from) as Offer), redeemed: { sid, jkt } });
}
