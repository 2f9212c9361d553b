import type { Denial } from "../denial/denial.ts";
import { personId } from "../model/person-id.ts";
import type { TrustedIssuerRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";

/** OpenID Connect Core 2: a subject is printable ASCII of at most 255 characters. */
export const subjectForm = /^[\x20-\x7e]{1,255}$/;

/** Members that narrow a complex subject (SSF 1.0 3.1) to less than everything of the person. */
const narrowing = ["session", "device", "application", "tenant", "org_unit", "group"];

/** Who says it: the transmitter, and the issuer whose people it may speak of. */
interface Spoken {
  readonly registered: Pick<TrustedIssuerRegistration, "issuer">;
  readonly transmitter: string;
}

/**
 * The person whom a subject identifier (RFC 9493) names. Only `iss_sub` names one, alone or as `user` of a complex
 * subject: an address of mail or a number of a telephone is given to another person one day, and would block that one.
 * The issuer is the one that the transmitter is registered for: any other provider could else block whomever it likes
 * (threat 67).
 * @param subject member `sub_id` of an event that was verified
 * @param gone whether the event blocks the person: then it must speak of the person as a whole. An event that ends
 * sessions may name one session or device. Which of ours stand on it cannot be told, so that all of the person's end
 * @returns the principal's id, or `event_subject_unnamed`, `event_subject_foreign`
 */
export function personOf(subject: unknown, gone: boolean, { registered, transmitter }: Spoken): Result<string, Denial> {
  const outer = asObject(subject);
  const { format, user, ...others } = outer;
  const said = format === "complex" ? asObject(user) : outer;
  const { format: how, iss, sub, ...more } = said;
  const unnamed = () => err<Denial>({ code: "event_subject_unnamed", format: String(how ?? format).slice(0, 64) });
  if (how !== "iss_sub" || typeof iss !== "string" || typeof sub !== "string" || Object.keys(more).length > 0)
    return unnamed();
  if (!subjectForm.test(sub)) return unnamed();
  const may = gone ? ["tenant"] : narrowing;
  if (format === "complex" && !Object.keys(others).every((name) => may.includes(name))) return unnamed();
  if (iss !== registered.issuer)
    return err({ code: "event_subject_foreign", issuer: transmitter, subjectIssuer: iss.slice(0, 200) });
  return ok(personId(iss, sub));
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
