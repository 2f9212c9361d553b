import { GetWebIdentityTokenCommand, STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import { limits } from "../../core/model/limits.ts";
import { evidenceTags } from "../../core/model/wire.ts";
import { EvidenceError } from "../error.ts";
import type { EvidenceSource } from "./platform/source.ts";

/** How STS is called. */
export interface AwsStsWebIdentityInput {
  readonly region: string;
  /** The workload's own credentials, from the SDK's usual chain when left out. */
  readonly credentials?: NonNullable<STSClientConfig["credentials"]>;
  /** Another STS endpoint: a VPC endpoint, or the embedded cloud. */
  readonly endpoint?: string;
  /** Life of the document, 60 to 300 seconds; it is used within one. */
  readonly durationSeconds?: number;
}

/**
 * Evidence by outbound web identity federation (`sts:GetWebIdentityToken`): STS signs who called it, for our issuer,
 * with our challenge and the agent's key thumbprint as tags.
 */
export function awsStsWebIdentity(input: AwsStsWebIdentityInput): EvidenceSource {
  const { region, credentials, endpoint, durationSeconds = 60 } = input;
  if (!Number.isInteger(durationSeconds) || durationSeconds < 60 || durationSeconds > limits.evidenceAgeSeconds)
    throw new RangeError(`durationSeconds is 60 to ${limits.evidenceAgeSeconds}`);
  const sts = new STSClient({ region, ...(credentials ? { credentials } : {}), ...(endpoint ? { endpoint } : {}) });
  return {
    type: "aws-sts-web-identity",
    async collect({ issuer, challenge, jkt }) {
      const command = new GetWebIdentityTokenCommand({
        Audience: [issuer],
        SigningAlgorithm: "ES384",
        DurationSeconds: durationSeconds,
        Tags: [
          { Key: evidenceTags.challenge, Value: challenge },
          { Key: evidenceTags.jkt, Value: jkt },
        ],
      });
      const { WebIdentityToken: token } = await sts.send(command);
      if (token === undefined) throw new EvidenceError("sts answered without a token");
      return { type: "aws-sts-web-identity", token };
    },
  };
}
