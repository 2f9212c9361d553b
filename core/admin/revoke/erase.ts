import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { type Clock, nowSeconds } from "../../model/ports.ts";
import { ok, type Result } from "../../model/result.ts";
import { subjects } from "../../model/subjects.ts";
import type { RevocationWrite } from "../../session/store.ts";

/** What an erasure writes, and its answer. */
interface Erasure {
  readonly change: Pick<RevocationWrite, "erase" | "raise">;
  readonly answer: object;
}

/**
 * Erases a person: the key under which the audit encrypted what it says of the person goes, and with it the readable
 * form of every copy there is. The person's sessions end at the same moment, without a block: one that lived on would
 * have a new key made, and more written of who has just been erased. A later login is a new beginning, with another
 * key.
 */
export function planErasure(person: string, clock: Clock): Result<Erasure, Denial> {
  const atSeconds = nowSeconds(clock);
  return ok({
    change: { erase: { person }, raise: { subject: subjects.principal(person), block: false, atSeconds } },
    answer: { recoverableUntilSeconds: atSeconds + limits.recoverySeconds },
  });
}
