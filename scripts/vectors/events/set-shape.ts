import {
  eventTypes,
  principalSubject,
  sessionRevoked,
  sessionSubject,
  verification,
} from "../../../core/events/security-event.ts";

type Members = Readonly<Record<string, unknown>>;

const issuer = "https://issuer.example";
const to = { issuer, receiver: "r", audience: "https://receiver.example", issuedAtSeconds: 0 };
const revoked = { uid: "u", kind: "session", by: "admin", atSeconds: 0 } as Parameters<typeof sessionRevoked>[0];

/** One of each of what our maker makes. */
const made: readonly Members[] = [
  { ...sessionRevoked(revoked, { ...to, subject: sessionSubject(issuer, "s", "p") }) },
  { ...sessionRevoked(revoked, { ...to, subject: principalSubject(issuer, "p") }) },
  { ...verification("u", to) },
];
/** What the standards leave to whoever sends: our maker has less of these than they allow. */
const optional = new Set(["txn", "state", "event_timestamp", "initiating_entity", "reason_admin", "reason_user"]);
const formats = new Set(["opaque", "uri", "iss_sub", "email", "complex", "account", "phone", "did", "aliases"]);

/**
 * What of a security event our maker would never make.
 * @param claims of a token whose signature and typ are good
 * @returns nothing for an event of ours about one subject
 */
export function eventFault(claims: Members, nowSeconds = Number.POSITIVE_INFINITY): string | undefined {
  if ("sub" in claims || "exp" in claims) return "it has sub or exp, which SSF 1.0 section 4.1 forbids";
  const events = Object.entries((claims.events ?? {}) as Members);
  const [[type, event] = ["", {}], ...more] = events;
  if (more.length > 0 || events.length === 0) return "it is not about exactly one event";
  const ours = made.filter((one) => Object.keys(one.events as Members)[0] === type);
  if (ours.length === 0) return `no event of ours: ${type}`;
  const members = ours.flatMap((one) => Object.keys((one.events as Record<string, Members>)[type] ?? {}));
  const strange = Object.keys(event as Members).find((name) => !members.includes(name) && !optional.has(name));
  if (strange !== undefined) return `no member of ours: ${strange}`;
  const { event_timestamp: at } = event as { event_timestamp?: unknown };
  if (at !== undefined && !(typeof at === "number" && at <= nowSeconds)) return "it happened after now";
  const missing = Object.keys(ours[0] ?? {}).find((name) => !(name in claims) && !optional.has(name));
  if (missing !== undefined) return `${missing} is missing`;
  const { format } = claims.sub_id as { format?: unknown };
  return formats.has(String(format)) ? undefined : `no subject that has a format: ${format}`;
}

/** A revocation of ours with more members, as {@link eventFault} takes it. */
export const revokedWith = (more: Members): Members => ({
  ...made[0],
  events: { [eventTypes.sessionRevoked]: { event_timestamp: 0, ...more } },
});

/** The types of event that our maker makes. */
export const ourEventTypes: ReadonlySet<string> = new Set(Object.values(eventTypes));
