import { z } from "zod";
import { eventTyp, eventTypes } from "../../../core/events/security-event.ts";
import { verifyJwt } from "../../../core/jose/jwt.ts";
import { keySetOf } from "../../../core/keys/key-sets.ts";
import { limits } from "../../../core/model/limits.ts";
import { err, ok } from "../../../core/model/result.ts";
import { type Evaluated, eachCase, outcomesOf, topic } from "../document.ts";
import { eventFault } from "./set-shape.ts";

const algorithms = ["ES256", "RS256"];
const shape = z.looseObject({
  now: z.number(),
  audience: z.string(),
  issuer: z.string(),
  jwks: z.looseObject({ keys: z.array(z.looseObject({})) }),
  cases: z.array(z.unknown()),
});
const setCase = z.looseObject({ name: z.string(), token: z.string(), expected: z.string() });

type Note = z.infer<typeof shape>;

/**
 * Evaluates a security event token as a receiver of ours is told to (docs of events): by the rules of our tokens under the
 * `typ` that our maker gives it, and then by what our maker makes. A genuine one that it would never make is `policy`.
 */
async function evaluate({ now, audience, issuer, jwks }: Note, token: string): Promise<Evaluated> {
  const keys = keySetOf(jwks.keys, algorithms);
  const verified = await verifyJwt(
    token,
    async ({ alg, kid }) => {
      const key = kid === undefined ? undefined : keys.key(kid, alg);
      return key ? ok(key) : err({ why: "key_unknown" as const, detail: "no such key" });
    },
    {
      typ: [eventTyp],
      algorithms,
      issuer,
      audience,
      nowSeconds: now,
      skewSeconds: limits.foreignSkewSeconds,
      requiredClaims: ["iss", "jti", "iat", "aud", "events"],
    },
  );
  if (!verified.ok) return { outcome: "invalid", reason: `${verified.error.why}: ${verified.error.detail}` };
  const fault = eventFault(verified.value.payload, now);
  return fault === undefined
    ? { outcome: "valid", reason: eventTypes.sessionRevoked }
    : { outcome: "policy", reason: fault };
}

/** Security event tokens. One of an event that is not ours is acknowledged and has no effect: policy. */
export const securityEventTokens = topic(/^set-cases\.json$/, shape, (note, folder, file) =>
  eachCase(note.cases, { folder, file, shape: setCase }, ({ name, token, expected }) => ({
    file: folder.label(file, name),
    said: expected,
    expected: outcomesOf(expected, expected === "ack-ignore" ? "policy" : undefined),
    evaluate: () => evaluate(note, token),
  })),
);
