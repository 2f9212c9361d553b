import { awsLambdaUrlIam } from "../attest/methods/aws-lambda-url-iam/attestor.ts";
import type { Call, Reply } from "../model/wire.ts";
import { type AttestDeps, createAttestEndpoint } from "./attest.ts";

/** The caller that the platform proved to have signed the call. */
type PlatformCaller = NonNullable<Call["platformCaller"]>;

/**
 * Attestation behind a URL that IAM guards. A request is handled as in `attest.ts`, with two differences:
 *
 * 1. **take** only one kind of evidence: the call itself, by the caller that Lambda authenticated
 * 2. **add** to the call whom the platform authenticated, here and nowhere else
 *
 * The function's resource policy denies every invocation except through its URL, so nobody can forge the event (threat
 * 18).
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
