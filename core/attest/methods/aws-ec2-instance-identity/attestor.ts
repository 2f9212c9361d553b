import { limits } from "../../../model/limits.ts";
import { replayKey } from "../../../model/replay/entry.ts";
import { err, ok } from "../../../model/result.ts";
import type { Attestor } from "../../contract/attestor.ts";
import { type Ec2Settings, readInstance } from "../../formats/instance-identity/read.ts";

const type = "aws-ec2-instance-identity";

/**
 * Attestor of evidence `{ "type": "aws-ec2-instance-identity", "pkcs7" }`: base64 as IMDS gives it at
 * `instance-identity/rsa2048`. Any program on the instance can read that document. It names no role, audience or time,
 * and stays valid for as long as the instance runs. Alone it is therefore refused, unless the stage allows it. Then it
 * belongs to the first key that shows it, for thirty days from launch, and is refused after that: if the replay entry
 * ended while the document was still accepted, a thief could be the first to show it (threat 16).
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
      // by its contents, since IMDS signs the same document again with another signing time
      const id = [facts.account, facts.region, facts.instanceId, pendingTimeSeconds].join(" ");
      const key = replayKey("evidence", type, id);
      const evidenceEntry = { kind: "evidence", key, owner: expect.jkt, expiresAtSeconds } as const;
      return ok({ facts, tags: {}, assurance: "document", evidenceEntry });
    },
  };
}
