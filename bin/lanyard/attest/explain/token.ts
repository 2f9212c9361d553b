import {
  isAccountIssuer,
  verifyStsWebIdentity,
} from "../../../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { verifyOidcToken } from "../../../../core/attest/methods/oidc/attestor.ts";
import { verifyJwtSvid } from "../../../../core/attest/methods/spiffe-jwt-svid/attestor.ts";
import { decodeUnverified } from "../../../../core/jose/jwt.ts";
import { soleAudience } from "../../../../core/jose/jwt-claims.ts";
import { trustedUrl } from "../../../../core/keys/issuer-url.ts";
import { parseSpiffeId } from "../../../../core/text/spiffe-id.ts";
import type { Asked, Explainer } from "../explanation.ts";
import { bundleKeys, issuerInSettings, jwks, lookupIn } from "../issuers.ts";

function tokenOf({ evidence: { token }, onCheck }: Asked) {
  const decoded = typeof token === "string" ? decodeUnverified(token) : undefined;
  if (typeof token === "string" && decoded) return { token, payload: decoded.payload };
  onCheck({ name: "shape", ok: false, detail: "not a compact JWS over a JSON object, or too long" });
  return undefined;
}

/**
 * The audience to compare a token's with. When none is given, it is the token's own, and the check is reported as not
 * made.
 */
function audienceOf(asked: Asked, payload: Readonly<Record<string, unknown>>, registered?: string) {
  const given = registered ?? asked.settings.audience ?? asked.settings.issuer;
  if (given !== undefined) return { audience: given, onCheck: asked.onCheck };
  const own = soleAudience(payload);
  const onCheck: Asked["onCheck"] = (check) =>
    check.name === "audience" && check.ok
      ? asked.leaveOut("audience", "no issuer or audience is given")
      : asked.onCheck(check);
  return { audience: own ?? "", onCheck };
}

/** `aws-sts-web-identity`. */
export const explainStsWebIdentity: Explainer = async (asked) => {
  const read = tokenOf(asked);
  if (!read) return undefined;
  const { settings, nowSeconds, onCheck, leaveOut } = asked;
  const { iss } = read.payload;
  const local = typeof iss === "string" && settings.issuer !== undefined && !iss.startsWith("https:");
  if (typeof iss !== "string" || !(isAccountIssuer(iss) || (local && trustedUrl(iss, settings.issuer ?? "").ok))) {
    onCheck({ name: "registration", ok: false, detail: "issuer is not an account's STS issuer" });
    return undefined;
  }
  const claims = read.payload["https://sts.amazonaws.com/"] as { aws_account?: unknown } | undefined;
  const account = typeof claims?.aws_account === "string" ? claims.aws_account : "none";
  const known = issuerInSettings(asked, { purpose: "aws-sts", issuer: iss, account });
  if (!known) return undefined;
  const { challenge, jkt, audience = settings.issuer } = settings;
  const verified = await verifyStsWebIdentity(read.token, {
    issuer: known.registration,
    keys: lookupIn(known, jwks(known.registration)),
    audience,
    challenge,
    jkt,
    nowSeconds,
    // without an audience this check compares nothing, so it is not shown as passed
    onCheck: (check) => (check.name === "audience" && audience === undefined ? undefined : onCheck(check)),
  });
  if (audience === undefined) leaveOut("audience", "no issuer or audience is given");
  if (challenge === undefined) leaveOut("challenge", "no expected challenge is given");
  if (jkt === undefined) leaveOut("jkt", "no expected key thumbprint is given");
  if (asked.evidence.instanceIdentity !== undefined)
    leaveOut("instance-agreement", "the instance's document beside it is not looked at; explain it by itself");
  if (!verified.ok) return undefined;
  const { facts, principalTags: tags } = verified.value.claims;
  return { facts, tags, assurance: "fresh" };
};

/** `oidc`. */
export const explainOidc: Explainer = async (asked) => {
  const read = tokenOf(asked);
  if (!read) return undefined;
  const { iss } = read.payload;
  if (typeof iss !== "string") {
    asked.onCheck({ name: "registration", ok: false, detail: "the token names no issuer" });
    return undefined;
  }
  const known = issuerInSettings(asked, { purpose: "workload", issuer: iss });
  if (!known) return undefined;
  const { nowSeconds } = asked;
  const keys = lookupIn(known, jwks(known.registration));
  const expected = audienceOf(asked, read.payload, known.registration.audience);
  const verified = await verifyOidcToken(read.token, { issuer: known.registration, keys, nowSeconds, ...expected });
  asked.leaveOut("first-key", "only a deployment remembers which key showed it first");
  return verified.ok ? { facts: verified.value.facts, assurance: "document" } : undefined;
};

/** `spiffe-jwt-svid`. */
export const explainJwtSvid: Explainer = async (asked) => {
  const read = tokenOf(asked);
  if (!read) return undefined;
  const { sub } = read.payload;
  const id = typeof sub === "string" ? parseSpiffeId(sub) : undefined;
  if (!id) {
    asked.onCheck({ name: "spiffe-id", ok: false, detail: "sub is no SPIFFE ID" });
    return undefined;
  }
  const known = issuerInSettings(asked, { purpose: "spiffe", issuer: `spiffe://${id.trustDomain}` });
  if (!known) return undefined;
  const { nowSeconds } = asked;
  const keys = lookupIn(known, bundleKeys);
  const verified = await verifyJwtSvid(read.token, {
    domain: known.registration,
    keys,
    nowSeconds,
    ...audienceOf(asked, read.payload),
  });
  asked.leaveOut("first-key", "only a deployment remembers which key showed it first");
  return verified.ok ? { facts: verified.value.facts, assurance: "document" } : undefined;
};
