import type { JWTPayload } from "jose";
import type { Denial } from "../denial/denial.ts";
import { decodeUnverified, type JwtFailure, verifyJwt } from "../jose/jwt.ts";
import type { KeySets } from "../keys/key-sets.ts";
import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import type { TrustedIssuerRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import type { Report } from "../session/store.ts";
import { effectOf } from "./event-types.ts";
import { personOf } from "./subject.ts";

/** An event whose transmitter is proved. */
interface ProvedEvent {
  /** `iss` of the token. */
  readonly transmitter: string;
  readonly jti: string;
  /** Of its one event, a URI. */
  readonly type: string;
  readonly payload: JWTPayload;
  /** The issuer whose people the transmitter may speak of. */
  readonly registered: TrustedIssuerRegistration;
}

/** Whose sessions end, and whether nothing new is given either. */
type Ends = Pick<Report, "principal" | "gone">;

/** What an event is checked against. */
interface EventInput {
  readonly registry: Pick<RegistrySnapshot, "personIssuers">;
  readonly keySets: KeySets;
  readonly clock: Clock;
}

const malformed = (why: string) => err<Denial>({ code: "event_malformed", why });

/**
 * Verifies a security event token (RFC 8417) of a transmitter that the registry names. Its signature alone proves who
 * says it: no secret is shared with a transmitter. Keys come from the registered address, never from the message; `typ`
 * keeps an ID token of the same issuer from passing for an event, and an event for an ID token (RFC 8417 4.5).
 * @param token the body of the push
 * @returns the event, or `event_malformed`, `event_issuer_unknown`, `event_audience_foreign`, `event_key_unknown`,
 * `event_unproved`, `keys_unavailable`
 */
export async function proveEvent(
  token: string,
  { registry, keySets, clock }: EventInput,
): Promise<Result<ProvedEvent, Denial>> {
  const parts = decodeUnverified(token);
  const said = parts?.payload.iss;
  if (!parts || typeof said !== "string") return malformed("not a JWT with an issuer");
  const registered = registry.personIssuers.find(({ issuer, events }) => events && (events.issuer ?? issuer) === said);
  const { events } = registered ?? {};
  if (!registered || !events) return err({ code: "event_issuer_unknown", issuer: said.slice(0, 200) });
  const keysAt = events.jwksUri === undefined ? {} : { jwksUri: events.jwksUri };
  const verified = await verifyJwt(parts, keySets.lookup({ ...registered, issuer: said, ...keysAt }), {
    typ: ["secevent+jwt"],
    algorithms: registered.algorithms,
    issuer: said,
    audience: events.audience,
    nowSeconds: nowSeconds(clock),
    skewSeconds: limits.foreignSkewSeconds,
    requiredClaims: ["iat", "jti", "events", "sub_id"],
    maxAgeSeconds: limits.eventAgeSeconds,
  });
  if (!verified.ok) return err(denialOf(verified.error, said));
  const { payload } = verified.value;
  // SSF 1.0 4.1: both MUST NOT be there. With either it could be shown elsewhere as a token of this person
  const forbidden = ["sub", "exp"].find((name) => Object.hasOwn(payload, name));
  if (forbidden !== undefined) return malformed(`an event has no ${forbidden}`);
  const type = soleEvent(payload.events);
  if (type === undefined) return malformed("events must name exactly one event, and that is an object");
  return ok({ transmitter: said, jti: payload.jti ?? "", type, payload, registered });
}

/**
 * The one event, as the interoperability profile has it. Of several one could be carried out and another refused, which
 * no answer can say.
 */
function soleEvent(events: unknown): string | undefined {
  const [first, another] = Object.entries(typeof events === "object" && events !== null ? events : {});
  const isObject = typeof first?.[1] === "object" && first[1] !== null && !Array.isArray(first[1]);
  return isObject && another === undefined && !Array.isArray(events) ? first[0] : undefined;
}

function denialOf({ why, detail }: JwtFailure, issuer: string): Denial {
  switch (why) {
    case "keys_unavailable":
      return { code: "keys_unavailable", issuer, why: detail };
    case "key_unknown":
    case "alg":
      return { code: "event_key_unknown", issuer, why: detail };
    case "signature":
      return { code: "event_unproved", issuer };
    case "audience":
      return { code: "event_audience_foreign" };
    default:
      return { code: "event_malformed", why: `${why}: ${detail}` };
  }
}

/**
 * Whose sessions a proved event ends.
 * @returns nobody's where it is about the stream, or ends nothing; or `event_subject_unnamed`, `event_subject_foreign`
 */
export function readEvent({ type, payload, registered, transmitter }: ProvedEvent): Result<Ends | undefined, Denial> {
  const effect = effectOf(type);
  // the subject of what changes nothing is nobody's business
  if (effect === "noted") return ok(undefined);
  const gone = effect === "gone";
  const principal = personOf(payload.sub_id, gone, { registered, transmitter });
  return principal.ok ? ok({ principal: principal.value, gone }) : principal;
}
