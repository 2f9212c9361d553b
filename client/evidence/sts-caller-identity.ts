import { Sha256 } from "@aws-crypto/sha256-js";
import { STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { partitionOf, stsHost } from "../../core/attest/sts-hosts.ts";
import type { AttestRequest } from "../../core/wire.ts";
import { evidenceTags } from "../../core/wire.ts";
import type { EvidenceRequest, EvidenceSource } from "./source.ts";

/** How the request is signed. */
export interface StsCallerIdentityInput {
  /** Region of the STS endpoint that will be asked. */
  readonly region: string;
  /** The workload's own temporary credentials, by the SDK's usual chain unless given. */
  readonly credentials?: NonNullable<STSClientConfig["credentials"]>;
  /** For an ECS task: the name of its cluster. Makes it evidence of type `ecs-task`. */
  readonly cluster?: string;
  /** The time, for signatures; the machine's unless given. */
  readonly nowMillis?: () => number;
}

const body = "Action=GetCallerIdentity&Version=2011-06-15";

/**
 * Evidence by a signed `sts:GetCallerIdentity` request that is never sent from here: challenge, key and issuer are
 * headers that the signature covers, so that only this deployment can use it, and only now. Works wherever AWS gives
 * credentials of a role; needs no permission.
 */
export function stsCallerIdentity(input: StsCallerIdentityInput): EvidenceSource {
  const { region, cluster, nowMillis = Date.now } = input;
  // the signature covers the host: one of another partition's shape would be for nobody
  const hostname = stsHost(partitionOf(region) ?? "", region, "regional");
  if (hostname === undefined) throw new RangeError(`no STS endpoint is known in the Region ${region}`);
  const { credentials } = new STSClient({
    region,
    ...(input.credentials ? { credentials: input.credentials } : {}),
  }).config;
  const signer = new SignatureV4({ service: "sts", region, credentials, sha256: Sha256, applyChecksum: false });
  const type = cluster === undefined ? "aws-sts-caller-identity" : "ecs-task";
  return {
    type,
    async collect(request) {
      const headers = await signed(signer, hostname, request, new Date(nowMillis()));
      return { type, region, headers, ...(cluster === undefined ? {} : { cluster }) };
    },
  };
}

async function signed(
  signer: SignatureV4,
  hostname: string,
  { issuer, challenge, jkt }: EvidenceRequest,
  signingDate: Date,
): Promise<AttestRequest["evidence"][string]> {
  const own = { [evidenceTags.challenge]: challenge, [evidenceTags.jkt]: jkt, [evidenceTags.issuer]: issuer };
  const { headers } = await signer.sign(
    {
      method: "POST",
      protocol: "https:",
      hostname,
      path: "/",
      query: {},
      body,
      headers: { host: hostname, "content-type": "application/x-www-form-urlencoded; charset=utf-8", ...own },
    },
    { signingDate },
  );
  const sent = ["authorization", "x-amz-date", "x-amz-security-token"].map((name) => {
    const value = headers[name];
    if (value === undefined) throw new Error(`${name} is missing: only temporary credentials of a role can attest`);
    return [name, value] as const;
  });
  return { ...Object.fromEntries(sent), ...own };
}
