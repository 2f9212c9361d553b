import { err, ok } from "../../../model/result.ts";
import type { Attestor, Evidence } from "../../contract/attestor.ts";
import type { InstanceDocument } from "./document.ts";
import type { Ec2Settings } from "./read.ts";

/**
 * Lets evidence of another attestor carry `instanceIdentity`, the same PKCS#7, as a second fact: the instance's account
 * must be the proven one, and where a session is named, as EC2 names those of instance profiles, it must be the
 * instance. Assurance, replay entry and tags stay those of the first evidence, since only it is bound to this request.
 * @returns the first evidence's facts, and `ec2InstanceId`, `ec2ImageId`, `ec2Region`, which selectors may require in
 * addition. Denials: the first attestor's; `evidence_invalid` with a check named `instance-…`
 */
export function withInstanceIdentity(attestor: Attestor, settings: Ec2Settings = {}): Attestor {
  return {
    type: attestor.type,
    attest: async ({ instanceIdentity, ...evidence }, expect) => {
      const first = await attestor.attest(evidence as Evidence, expect);
      if (!first.ok || instanceIdentity === undefined) return first;
      // the parsers are loaded when a document is first shown
      const { readInstance } = await import("./read.ts");
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
