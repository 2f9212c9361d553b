import { createHash } from "node:crypto";
import { limits } from "../model/limits.ts";
import { type ReplayEntry, replayKey } from "../model/replay/entry.ts";
import { replayName } from "../model/replay/name.ts";

/** How an assertion that opens one session, and no second one, is held to that. */
export interface Once {
  /** Id of the one session it opens, so that whoever shows it again finds that session by its row. */
  readonly sid: string;
  /**
   * Written with the session and never again. It outlives the session's row: an assertion that lives longer opens
   * nothing more.
   */
  readonly entry: ReplayEntry;
  /** The session's end, where the assertion itself decides it. */
  readonly endsAtSeconds?: number;
}

/**
 * Names the one session of an assertion by its issuer and its own name, so that neither a race of two requests nor two
 * issuers with one `jti` open two sessions or meet in one.
 * @param issuer the assertion's `iss`
 * @param id its `jti`, or what was signed
 * @param expSeconds its `exp`
 */
export function onceFor(issuer: string, id: string, expSeconds: number): Once {
  const name = replayName("assertion", issuer, id);
  return {
    sid: createHash("sha256").update(`session\0${name}`, "utf8").digest().subarray(0, 16).toString("base64url"),
    entry: {
      kind: "assertion",
      key: replayKey("assertion", issuer, id),
      expiresAtSeconds: Math.ceil(expSeconds) + limits.foreignSkewSeconds,
    },
  };
}
