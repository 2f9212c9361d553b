import type { Clock } from "../../core/model/ports.ts";
import { accessTokenType, type sessionTokenType, tokenExchangeGrant } from "../../core/model/wire.ts";
import { LanyardError } from "../error.ts";
import type { FormInput } from "./calls.ts";
import { type Life, surelyOver } from "./life.ts";

/** The token that represents a session at Lanyard and is sent as `subject_token`. */
export interface OwnToken {
  readonly token: string;
  readonly type: typeof sessionTokenType | typeof accessTokenType;
  readonly life: Life;
}

/** A session's own token, until the session is ended. */
export interface OwnTokenHolder {
  /** The newest one, also for a session that is over, which can still be revoked by it. */
  current(): OwnToken;
  /** The newest one as the parameters of an exchange. @throws LanyardError `session_over`, `session_lapsed` */
  subject(): FormInput;
  replace(newer: OwnToken): void;
  /** @throws LanyardError `session_over` once it was ended here */
  mustLive(): void;
  end(): void;
  hasEnded(): boolean;
}

/** Holds the token that was issued with a session, and those that replace it. */
export function holdOwnToken(first: OwnToken, clock: Clock): OwnTokenHolder {
  let own = first;
  let ended = false;
  const mustLive = () => {
    if (ended) throw new LanyardError("session_over", "session", { description: "the session was ended" });
  };
  return {
    mustLive,
    current: () => own,
    subject() {
      mustLive();
      if (surelyOver(own.life, clock))
        throw new LanyardError(own.type === accessTokenType ? "session_lapsed" : "session_over", "session", {
          description: "the session's token has expired",
        });
      return [
        ["grant_type", tokenExchangeGrant],
        ["subject_token", own.token],
        ["subject_token_type", own.type],
      ];
    },
    replace(newer) {
      own = newer;
    },
    end() {
      ended = true;
    },
    hasEnded: () => ended,
  };
}
