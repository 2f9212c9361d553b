import type { Denial } from "../../denial/denial.ts";
import { type JwtFailure, type KeyLookup, type VerifiedJwt, verifyJwt } from "../../jose/jwt.ts";
import type { Check } from "../../model/check.ts";
import { limits } from "../../model/limits.ts";
import { err, ok, type Result } from "../../model/result.ts";

/** What a workload's bearer JWT is verified against; none of it comes from the token. */
interface JwtEvidenceRules {
  /** `evidence.type`, for denials. */
  readonly type: string;
  /** Named in the denial when the keys cannot be fetched. */
  readonly publisher: string;
  readonly keys: KeyLookup;
  readonly typ: readonly string[];
  readonly algorithms: readonly string[];
  readonly exactHeaders?: readonly string[];
  readonly subjectInAnyScript?: boolean;
  readonly issuer?: string;
  readonly audience: string;
  readonly requiredClaims: readonly string[];
  readonly maxLifeSeconds: number;
  readonly nowSeconds: number;
  readonly onCheck?: ((check: Check) => void) | undefined;
}

/** A verified bearer JWT. */
interface JwtEvidence extends VerifiedJwt {
  readonly expSeconds: number;
  /**
   * Header and payload as signed: the same whatever the signature, so that another spelling of the signature does not
   * make a second document.
   */
  readonly signedPart: string;
}

/** The checks by name in their order, and the failures that belong to each. */
const stages: readonly (readonly [string, readonly JwtFailure["why"][]])[] = [
  ["shape", ["too_large", "malformed"]],
  ["algorithm", ["alg"]],
  ["type", ["typ"]],
  ["header", ["header"]],
  ["key", ["key_unknown", "keys_unavailable"]],
  ["signature", ["signature"]],
  ["claims", ["claim"]],
  ["issuer", ["issuer"]],
  ["audience", ["audience"]],
  ["times", ["expired", "not_yet_valid", "too_old"]],
];

/**
 * Verifies a JWT that carries neither our challenge nor the caller's key. No skew is added to its `exp`, since nothing
 * else shows that it is recent (threat 16).
 * @returns denials `evidence_invalid`, `evidence_expired`, `keys_unavailable`
 */
export async function verifyJwtEvidence(token: string, rules: JwtEvidenceRules): Promise<Result<JwtEvidence, Denial>> {
  const { nowSeconds, typ, algorithms, exactHeaders, issuer, audience, requiredClaims } = rules;
  const verified = await verifyJwt(token, rules.keys, {
    typ,
    algorithms,
    audience,
    nowSeconds,
    requiredClaims,
    skewSeconds: limits.workloadSkewSeconds,
    ...(issuer === undefined ? {} : { issuer }),
    ...(rules.subjectInAnyScript ? { subjectInAnyScript: true } : {}),
    ...(exactHeaders === undefined ? {} : { exactHeaders }),
  });
  const failure = verified.ok ? endFailure(verified.value, rules) : verified.error;
  tellJwtChecks(rules.onCheck, failure);
  if (failure) return err(toDenial(failure, rules));
  if (!verified.ok) throw new Error("a failure without a reason");
  const expSeconds = Number(verified.value.payload.exp);
  return ok({ ...verified.value, expSeconds, signedPart: token.slice(0, token.lastIndexOf(".")) });
}

function endFailure({ payload }: VerifiedJwt, rules: JwtEvidenceRules): JwtFailure | undefined {
  const { exp, iat } = payload;
  if (exp === undefined) return { why: "claim", detail: "exp is missing" };
  if (exp <= rules.nowSeconds) return { why: "expired", detail: "exp has passed", expiredAtSeconds: exp };
  // a JWT-SVID need not say when it was made; then only the rest of its life can be measured
  if (exp - (iat ?? rules.nowSeconds) > rules.maxLifeSeconds)
    return { why: "too_old", detail: `lives longer than ${rules.maxLifeSeconds} s` };
  return undefined;
}

/**
 * Reports the checks of a JWT in order, up to the failed one. After a failed `claim`, the checks of issuer and audience
 * may not have been reached.
 */
export function tellJwtChecks(onCheck: ((check: Check) => void) | undefined, failure: JwtFailure | undefined): void {
  if (!onCheck) return;
  for (const [name, whys] of stages) {
    const failed = failure !== undefined && whys.includes(failure.why);
    onCheck({ name, ok: !failed, detail: failed ? failure.detail : "as expected" });
    if (failed) return;
  }
}

function toDenial({ why, detail, expiredAtSeconds }: JwtFailure, { type, publisher }: JwtEvidenceRules): Denial {
  if (why === "expired") return { code: "evidence_expired", type, expiredAtSeconds: expiredAtSeconds ?? 0 };
  if (why === "keys_unavailable") return { code: "keys_unavailable", issuer: publisher, why: detail };
  return { code: "evidence_invalid", type, check: why, why: detail };
}
