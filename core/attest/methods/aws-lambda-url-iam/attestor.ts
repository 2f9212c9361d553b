import type { Denial } from "../../../denial/denial.ts";
import { limits } from "../../../model/limits.ts";
import { replayKey } from "../../../model/replay/entry.ts";
import { err, ok } from "../../../model/result.ts";
import { evidenceTags, type PlatformCaller } from "../../../model/wire.ts";
import type { Attestor, Evidence, Expectation } from "../../contract/attestor.ts";
import { roleFacts } from "../../formats/assumed-role.ts";

const type = "aws-lambda-url-iam";

/**
 * Attestor of evidence `{ "type": "aws-lambda-url-iam", "lanyard-jkt" }`: there is no document. The caller is the one
 * that Lambda authenticated on a function URL guarded by IAM. It is read from the call, never from the body. Only a
 * function whose resource policy admits nobody except through its URL may use this attestor (threat 18). SigV4 covers
 * the body, so the thumbprint in it stops a thief of the signed request from adding a DPoP proof of another key; the
 * challenge is in the same body.
 * @param settings partition of the deployment
 * @returns facts `account`, `roleArn` (without its path), `roleId`, `sessionName`, `organization`?; denials
 * `evidence_invalid`, `evidence_unbound`
 */
export function awsLambdaUrlIam(settings: { readonly partition: string }): Attestor {
  return {
    type,
    attest: async (evidence, expect) => {
      const { onCheck, platformCaller } = expect;
      const invalid = (check: string, why: string) => {
        onCheck?.({ name: check, ok: false, detail: why });
        return err<Denial>({ code: "evidence_invalid", type, check, why });
      };
      if (!Object.keys(evidence).every((name) => name === "type" || name === evidenceTags.jkt))
        return invalid("shape", "a member is not documented");
      onCheck?.({ name: "shape", ok: true, detail: "documented members only" });
      if (!platformCaller) return invalid("caller", "the call did not come through a URL that IAM guards");
      onCheck?.({ name: "caller", ok: true, detail: "IAM authenticated the caller" });
      if (!boundToKey(evidence, expect)) return err({ code: "evidence_unbound", type, field: "jkt" });
      const facts = roleFacts(platformCaller, settings.partition);
      if (!facts.ok) return invalid(facts.error.check, facts.error.why);
      onCheck?.({ name: "workload", ok: true, detail: "a session of a role" });
      return ok({
        facts: { ...facts.value, ...organizationOf(platformCaller) },
        tags: {},
        assurance: "fresh",
        evidenceEntry: {
          kind: "evidence",
          key: replayKey("evidence", type, expect.challenge),
          expiresAtSeconds: expect.nowSeconds + limits.challengeLifeSeconds + limits.foreignSkewSeconds,
        },
      });
    },
  };
}

function boundToKey(evidence: Evidence, { jkt, onCheck }: Expectation): boolean {
  const bound = evidence[evidenceTags.jkt] === jkt;
  onCheck?.({ name: "jkt", ok: bound, detail: bound ? "the signed body names this key" : "another key, or none" });
  return bound;
}

const organizationOf = ({ organization }: PlatformCaller): Record<string, string> =>
  organization === undefined ? {} : { organization };
