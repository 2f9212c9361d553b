import type { Session } from "../../../core/model/session.ts";
import type { Renewal } from "../../../core/session/store.ts";

/** Whether a renewal finds the session as it was read. */
export const isAsRead = (session: Session, { wasSeconds }: Renewal, now: number): boolean =>
  session.expiresAtSeconds === wasSeconds && wasSeconds > now && !session.ended;

/** The session behind its renewal. */
export const asRenewed = (session: Session, { expiresAtSeconds, status, formerStatus = [] }: Renewal): Session => ({
  ...session,
  ...structuredClone({ expiresAtSeconds, status, formerStatus }),
});

/** Key of what stands under a root. */
export const rowKey = (root: string, id: string): string => `${root} ${id}`;
