import type { createDetailsCheck, DetailsUse } from "../../core/verify/permits.ts";
import type { VerifyRefusal } from "../../core/verify/refusal.ts";
import { requireScopes, type VerifiedAccess } from "../../core/verify/verified-access.ts";
import type { AccessError } from "./access-error.ts";
import type { Reservation } from "./reservation.ts";

/** A request that was let in. */
export interface Authenticated {
  readonly access: VerifiedAccess;
  /**
   * Checks that the access carries every scope an operation needs.
   * @throws AccessError `scope_insufficient`
   */
  requires(...scopes: readonly string[]): VerifiedAccess;
  /**
   * Checks that every authorization detail of the access admits what the request is about to do. Call it for every
   * request: a token without details admits every use.
   * @throws AccessError `details_forbid`
   */
  permits(use: DetailsUse): VerifiedAccess;
  /**
   * What was reserved for this request in budgets, where any bounds money: settle it after the work. Left out where none
   * does.
   */
  readonly reserved?: Reservation;
  /** Whether {@link permits} would admit the use, for example to decide which items of a list may be shown. */
  admits(use: DetailsUse): boolean;
  /**
   * Headers to put on the answer: the newest nonce, where nonces are demanded (RFC 9449 8.2), and the CORS headers that
   * pages need.
   */
  readonly answerHeaders: Readonly<Record<string, string>>;
  /** The token as presented, for {@link LanyardAgent.hop}; never log it. */
  readonly presentedAccessToken: string;
}

/** Input of an authenticated request. */
interface AuthenticatedInput
  extends Pick<Authenticated, "access" | "answerHeaders" | "presentedAccessToken" | "reserved"> {
  readonly check: ReturnType<typeof createDetailsCheck>;
  /** The error of a refusal, with this request's own reply. */
  readonly refused: (refusal: VerifyRefusal) => AccessError;
}

/** The checks of a request that was let in, each of which throws an error with the reply to send. */
export function authenticated({ check, refused, ...facts }: AuthenticatedInput): Authenticated {
  const { access } = facts;
  return {
    ...facts,
    requires(...scopes) {
      const allowed = requireScopes(access, ...scopes);
      if (!allowed.ok) throw refused(allowed.error);
      return access;
    },
    permits(use) {
      const admitted = check(access.details, use);
      if (!admitted.ok) throw refused(admitted.error);
      return access;
    },
    admits: (use) => check(access.details, use).ok,
  };
}
