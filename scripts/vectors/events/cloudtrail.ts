import { z } from "zod";
import { redactAll, redactText } from "../../../core/audit/redact.ts";
import { type Evaluated, eachCase, topic } from "../document.ts";

const record = z.looseObject({
  test: z.string(),
  event: z.looseObject({ eventName: z.string(), eventSource: z.string() }),
});
const shape = z.looseObject({ records: z.array(z.unknown()) });

/** Names under which CloudTrail shows what nobody else may have. */
const secretNames =
  /^(accessKeyId|secretAccessKey|sessionToken|password|secretString|samlassertion|webidentitytoken)$/i;

/** The shape of an access key's id, or the length of a key or token; the records' placeholders have neither. */
const secretShape = /^A[KS]IA[A-Z0-9]{16}$|^.{40,}$/s;

/** Every secret of a record. */
function secretsIn(value: unknown, name = ""): readonly string[] {
  if (typeof value === "string") return secretNames.test(name) && secretShape.test(value) ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([member, one]) => secretsIn(one, member));
}

/**
 * Nothing of ours maps CloudTrail's records. What of them can come to our log is text that a caller quotes, and what is
 * evaluated is what happens to all such text: it is bounded, and no secret is left in it.
 */
function evaluate(event: z.infer<typeof record>["event"]): Evaluated {
  const kept = JSON.stringify(redactAll(event, redactText));
  const left = secretsIn(event).find((secret) => kept.includes(secret));
  if (left !== undefined) return { outcome: "invalid", reason: `a secret of ${left.length} characters is left` };
  return { outcome: "valid", reason: `${event.eventName}: no secret is left` };
}

/** Records of CloudTrail, as they would stand in our log. */
export const cloudTrailRecords = topic(/^panther-tests\.json$/, shape, ({ records }, folder, file) =>
  eachCase(records, { folder, file, shape: record }, ({ test, event }) => ({
    file: folder.label(file, test),
    said: "no secret",
    expected: ["valid" as const],
    evaluate: () => evaluate(event),
  })),
);
