import type { Denial } from "../../../denial/denial.ts";
import { limits } from "../../../model/limits.ts";
import { markerKey } from "../../../model/replay-entry.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import type { Attestor, Evidence, Expectation } from "../../contract/attestor.ts";
import { decodeBase64 } from "../../formats/base64.ts";
import { faultDenial, told } from "../../formats/evidence-fault.ts";
import type { InstanceDocument } from "../../formats/instance-identity/document.ts";
import { verifyInstanceIdentity } from "../../formats/instance-identity/verify.ts";

const type = "aws-ec2-instance-identity";

/** Settings of this attestor. */
export interface Ec2Settings {
  /** Region → base64 of the DER of its certificate, instead of AWS's; for tests and `lanyard attest --explain` only. */
  readonly certificates?: ReadonlyMap<string, string>;
}

/**
 * Attestor of evidence `{ "type": "aws-ec2-instance-identity", "pkcs7" }`: base64 as IMDS gives it at
 * `instance-identity/rsa2048`. Anything on the instance reads that document, it names no role, audience or moment, and it
 * stays good for as long as the instance runs: alone it is refused, unless a stage says so. Then it belongs to the first
 * key that shows it, for thirty days from launch, and is refused after that: a marker that ended sooner than what it
 * guards would let a thief be first (threat 16).
 * @returns facts `account`, `instanceId`, `imageId`, `region`, `instanceType`, `architecture`, `availabilityZone`;
 * assurance `document`. Denials: `evidence_invalid`, `evidence_expired`, `evidence_insufficient`
 */
export function awsEc2InstanceIdentity(settings: Ec2Settings & { readonly allowAlone?: boolean } = {}): Attestor {
  const { allowAlone = false } = settings;
  return {
    type,
    attest: async (evidence, expect) => {
      const launchAgeMaxSeconds = limits.instanceIdentityAgeSeconds;
      const read = readInstance(evidence.pkcs7, expect, { ...settings, launchAgeMaxSeconds });
      if (!read.ok) return read;
      const why = "shows an instance, not who asks: send it as instanceIdentity beside a role's evidence";
      expect.onCheck?.({ name: "alone", ok: allowAlone, detail: allowAlone ? "allowed by this stage" : why });
      if (!allowAlone) return err({ code: "evidence_insufficient", type, why });
      const { pendingTimeSeconds, ...facts } = read.value;
      const expiresAtSeconds = pendingTimeSeconds + launchAgeMaxSeconds + limits.foreignSkewSeconds;
      // by what it says: IMDS signs the same document anew, with another signing time
      const id = [facts.account, facts.region, facts.instanceId, pendingTimeSeconds].join(" ");
      const key = markerKey("evidence", type, id);
      const evidenceMarker = { kind: "evidence", key, owner: expect.jkt, expiresAtSeconds } as const;
      return ok({ facts, tags: {}, assurance: "document", evidenceMarker });
    },
  };
}

/**
 * Lets evidence of another attestor carry `instanceIdentity`, the same PKCS#7, as a second fact: the instance's account
 * must be the proven one, and where a session is named, as EC2 names those of instance profiles, it must be the
 * instance. Assurance, marker and tags stay the first evidence's, which alone is bound to this request.
 * @returns the first evidence's facts, and `ec2InstanceId`, `ec2ImageId`, `ec2Region`, for selectors to add. Denials: the
 * first attestor's; `evidence_invalid` with a check named `instance-…`
 */
export function withInstanceIdentity(attestor: Attestor, settings: Ec2Settings = {}): Attestor {
  return {
    type: attestor.type,
    attest: async ({ instanceIdentity, ...evidence }, expect) => {
      const first = await attestor.attest(evidence as Evidence, expect);
      if (!first.ok || instanceIdentity === undefined) return first;
      const second = readInstance(instanceIdentity, expect, settings);
      if (!second.ok) return second;
      const why = disagreement(second.value, first.value.facts);
      expect.onCheck?.({
        name: "instance-agreement",
        ok: why === undefined,
        detail: why ?? "account and session agree",
      });
      if (why !== undefined)
        return err({ code: "evidence_invalid", type: attestor.type, check: "instance-agreement", why });
      const { instanceId, imageId, region } = second.value;
      const added = { ec2InstanceId: instanceId, ec2ImageId: imageId, ec2Region: region };
      return ok({ ...first.value, facts: { ...first.value.facts, ...added } });
    },
  };
}

function disagreement(instance: InstanceDocument, facts: Readonly<Record<string, string>>): string | undefined {
  if (facts.account !== instance.account) return "the instance is of another account";
  const { sessionName = instance.instanceId } = facts;
  return sessionName === instance.instanceId ? undefined : "the session is not the instance's";
}

function readInstance(
  pkcs7: unknown,
  { nowSeconds, onCheck }: Expectation,
  settings: Ec2Settings & { readonly launchAgeMaxSeconds?: number },
): Result<InstanceDocument, Denial> {
  const bytes = decodeBase64(pkcs7, limits.instanceIdentityBytes);
  const shape: Result<Uint8Array, string> = bytes ? ok(bytes) : err("pkcs7 is not base64, or too long");
  const tell =
    onCheck && ((check: Parameters<typeof onCheck>[0]) => onCheck({ ...check, name: `instance-${check.name}` }));
  const read = told(shape, "shape", tell);
  const verified = read.ok ? verifyInstanceIdentity(read.value, { ...settings, nowSeconds, onCheck: tell }) : read;
  if (verified.ok) return verified;
  return err(faultDenial(type, { ...verified.error, check: `instance-${verified.error.check}` }));
}
