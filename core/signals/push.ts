import type { AuditContext } from "../audit/context.ts";
import type { Denial } from "../denial/denial.ts";
import { denialReply, denialToWire } from "../denial/wire.ts";
import { decodeUnverified } from "../jose/jwt.ts";
import type { KeySets } from "../keys/key-sets.ts";
import { limits } from "../model/limits.ts";
import { replayKey } from "../model/replay/entry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Call, Reply } from "../model/wire.ts";
import { proveEvent, readEvent } from "./event.ts";
import { type HearDeps, hear } from "./hear.ts";
import { type RegisteredDeps, registeredNow } from "./registered.ts";

/** What a push is taken by. */
export interface PushDeps extends HearDeps, RegisteredDeps {
  readonly keySets: KeySets;
}

/** Where transmitters push to, below the function's address. */
export const pushPath = "/events";

/**
 * Takes one pushed event (RFC 8935 2): cheap checks first, then the registry, then the signature, then what it says.
 * @returns 202 where it was taken, also where it had been before (2.2: a repetition is a success); else
 * `method_not_allowed`, `content_type_unsupported`, `event_malformed`, those of proving and reading it, `rate_exceeded`
 */
export async function takePush(call: Call, audit: AuditContext, deps: PushDeps): Promise<Result<Reply, Denial>> {
  if (call.method !== "POST") return err({ code: "method_not_allowed", method: call.method, allow: "POST" });
  const type = (call.contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/secevent+jwt")
    return err({ code: "content_type_unsupported", contentType: type.slice(0, 100) });
  if (!decodeUnverified(call.body))
    return err({ code: "event_malformed", why: "not a compact JWS over a JSON object" });
  const registry = await registeredNow(deps);
  if (!registry.ok) return registry;
  audit.add({ registryVersion: registry.value.version });
  const proved = await proveEvent(call.body, { ...deps, registry: registry.value });
  if (!proved.ok) return proved;
  const { transmitter, jti, type: event, payload, registered } = proved.value;
  audit.add({ signal: { issuer: transmitter, id: jti, event: event.slice(0, 200) } });
  // from here on each refusal is written down by itself: the transmitter has proved who it is
  audit.authenticated = true;
  const ends = readEvent(proved.value);
  if (!ends.ok) return ends;
  const entry = {
    kind: "event" as const,
    key: replayKey("event", transmitter, jti),
    expiresAtSeconds: Math.ceil(payload.iat ?? 0) + limits.eventAgeSeconds + limits.foreignSkewSeconds,
  };
  const heard = await hear(
    { issuer: registered.issuer, ...(ends.value ? { report: ends.value } : {}), replayEntries: [entry] },
    audit,
    deps,
  );
  return heard.ok ? ok(taken) : heard;
}

/** RFC 8935 2.2: taken, and nothing is said of what came of it. */
const taken: Reply = { status: 202, contentType: "application/json", body: "" };

/**
 * A refusal as a transmitter is told it (RFC 8935 2.3, 2.4): `err` and `description`. What is no 400 says that the same
 * event may come again, or that the address is another one.
 */
export function pushRefusal(denial: Denial): Reply {
  const { status, error, description } = denialToWire(denial);
  if (status !== 400) return denialReply(denial);
  return {
    status,
    contentType: "application/json",
    headers: { "Content-Language": "en" },
    body: JSON.stringify({ err: error, description }),
  };
}
