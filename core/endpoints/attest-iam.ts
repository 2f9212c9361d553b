import { awsLambdaUrlIam } from "../attest/methods/aws-lambda-url-iam/attestor.ts";
import type { Call, Reply } from "../model/wire.ts";
import { type AttestDeps, createAttestEndpoint } from "./attest.ts";

/** Whom the platform proved to have signed the call. */
type PlatformCaller = NonNullable<Call["platformCaller"]>;

/**
 * Attestation behind a URL that IAM guards. The way of a request is that of `attest.ts`, with two differences:
 *
 * 1. **take** one evidence alone: the call itself, by whom Lambda authenticated
 * 2. **add** the platform's word to the call, here and nowhere else
 *
 * Its URL's resource policy keeps everybody from writing an event of their own (threat 18).
 */
export function createAttestIamEndpoint(
  deps: Omit<AttestDeps, "attestors">,
  partition: string,
): (call: Call, platformCaller: PlatformCaller | undefined) => Promise<Reply> {
  // 1. take
  const attest = createAttestEndpoint({ ...deps, attestors: [awsLambdaUrlIam({ partition })] });
  // 2. add
  return (call, platformCaller) => attest(platformCaller === undefined ? call : { ...call, platformCaller });
}
