import type { AuditRecord } from "../audit/record.ts";
import type { KeyPurpose } from "../model/ports.ts";
import type { RingEvent } from "./model.ts";
import type { RotatorDeps } from "./ports.ts";

/** The audit records of what happened to keys. They are written together with the ring or not at all. */
export const recordsOf = (
  purpose: KeyPurpose,
  events: readonly RingEvent[],
  deps: RotatorDeps,
): readonly AuditRecord[] =>
  events.map(({ operation, kid, keyArn, alg, reason, operator, refused = false }) =>
    deps.toRecord(
      {
        operation,
        ...(refused
          ? { outcome: "denied" as const, denial: { code: "successor_missing", purpose, algorithms: [alg] } as const }
          : { outcome: "allowed" as const }),
        timeMillis: deps.clock.nowMillis(),
        requestId: deps.requestId,
        target: `key:${purpose}/${alg}/${kid}`,
        evidence: { key: keyArn },
        reason,
        ...(operator ? { operator } : {}),
      },
      deps.ids.id(),
    ),
  );
