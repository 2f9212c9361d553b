import { Sha256 } from "@aws-crypto/sha256-js";
import { STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { evidenceTags } from "../../core/model/wire.ts";
import type { Fetch } from "../http.ts";
import type { EvidenceSource } from "./platform/source.ts";

/** How calls to the guarded function are signed. */
export interface AwsLambdaUrlIamInput {
  /** URL of the function `attest-iam`: the agent's pinned `endpoints.attest`. */
  readonly url: string;
  /** Region of that function. */
  readonly region: string;
  /** The workload's own credentials, from the SDK's usual chain when left out. */
  readonly credentials?: NonNullable<STSClientConfig["credentials"]>;
  readonly fetch?: Fetch;
}

/**
 * Evidence by the call itself: the attesting request is signed with the workload's credentials, and IAM authenticates
 * it.
 * @returns the evidence, which only names the key inside the signed body, and a `fetch` that signs every call to `url`
 * and does not change others
 */
export function awsLambdaUrlIam(input: AwsLambdaUrlIamInput): {
  readonly evidence: EvidenceSource;
  readonly fetch: Fetch;
} {
  const { region, fetch = (url, init) => globalThis.fetch(url, init) } = input;
  const { credentials } = new STSClient({
    region,
    ...(input.credentials ? { credentials: input.credentials } : {}),
  }).config;
  const signer = new SignatureV4({ service: "lambda", region, credentials, sha256: Sha256 });
  const type = "aws-lambda-url-iam";
  return {
    evidence: { type, collect: async ({ jkt }) => ({ type, [evidenceTags.jkt]: jkt }) },
    fetch: async (url, init = {}) => {
      const { origin, protocol, hostname, host, port, pathname } = new URL(url instanceof Request ? url.url : url);
      // a request to another server must not be signed, since that server could use the signature
      if (origin !== new URL(input.url).origin) return fetch(url, init);
      const { headers } = await signer.sign({
        method: init.method ?? "GET",
        protocol,
        hostname,
        ...(port === "" ? {} : { port: Number(port) }),
        path: pathname,
        query: {},
        headers: { ...Object.fromEntries(new Headers(init.headers)), host },
        body: init.body ?? "",
      });
      const { host: _, ...sent } = headers;
      return fetch(url, { ...init, headers: sent });
    },
  };
}
