import { Sha256 } from "@aws-crypto/sha256-js";
import { STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { type AttestRequest, evidenceTags } from "../../../core/model/wire.ts";
import { partitionOf, stsHost } from "../../../core/text/sts-hosts.ts";
import { EvidenceError } from "../../error.ts";
import type { EvidenceRequest } from "./source.ts";

/** How a GetCallerIdentity request is signed. */
export interface SignedCallerIdentityInput {
  /** Region of the STS endpoint that will be called. */
  readonly region: string;
  /** The workload's own temporary credentials, from the SDK's usual chain when left out. */
  readonly credentials?: NonNullable<STSClientConfig["credentials"]>;
  /** The time, for signatures; the machine's when left out. */
  readonly nowMillis?: () => number;
}

const body = "Action=GetCallerIdentity&Version=2011-06-15";

/**
 * Prepares signing `sts:GetCallerIdentity` requests that are never sent from here: challenge, key and issuer are
 * headers that the signature covers, so that only this deployment can use it, and only now.
 * @returns a function that signs one request and returns the members `region` and `headers` of its evidence
 * @throws RangeError for a Region without an STS endpoint
 */
export function signedCallerIdentity(
  input: SignedCallerIdentityInput,
): (request: EvidenceRequest) => Promise<Omit<AttestRequest["evidence"], "type">> {
  const { region, nowMillis = Date.now } = input;
  // the signature covers the host, so the host of another partition would make it useless
  const hostname = stsHost(partitionOf(region) ?? "", region, "regional");
  if (hostname === undefined) throw new RangeError(`no STS endpoint is known in the Region ${region}`);
  const { credentials } = new STSClient({
    region,
    ...(input.credentials ? { credentials: input.credentials } : {}),
  }).config;
  const signer = new SignatureV4({ service: "sts", region, credentials, sha256: Sha256, applyChecksum: false });
  return async (request) => {
    const own = tagsOf(request);
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
      { signingDate: new Date(nowMillis()) },
    );
    return { region, headers: { ...sentOf(headers), ...own } };
  };
}

const tagsOf = ({ issuer, challenge, jkt }: EvidenceRequest) => ({
  [evidenceTags.challenge]: challenge,
  [evidenceTags.jkt]: jkt,
  [evidenceTags.issuer]: issuer,
});

function sentOf(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const sent = ["authorization", "x-amz-date", "x-amz-security-token"].map((name) => {
    const value = headers[name];
    if (value === undefined)
      throw new EvidenceError(`${name} is missing: only temporary credentials of a role can attest`);
    return [name, value] as const;
  });
  return Object.fromEntries(sent);
}
