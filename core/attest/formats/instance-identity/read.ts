import type { Denial } from "../../../denial/denial.ts";
import { limits } from "../../../model/limits.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import type { Expectation } from "../../contract/attestor.ts";
import { decodeBase64 } from "../base64.ts";
import { faultDenial, reported } from "../evidence-fault.ts";
import type { InstanceDocument } from "./document.ts";
import { verifyInstanceIdentity } from "./verify.ts";

/** Type in denials: whatever evidence carries the document, the document was refused. */
const type = "aws-ec2-instance-identity";

/** The certificates that instance documents are verified with. */
export interface Ec2Settings {
  /** Region → base64 of the DER of its certificate, instead of AWS's; for tests and `lanyard attest --explain` only. */
  readonly certificates?: ReadonlyMap<string, string> | undefined;
}

/**
 * Reads and verifies an instance identity document as evidence carries it. Its checks are named `instance-…`.
 * @param pkcs7 base64, as IMDS gives it
 * @returns the document, or `evidence_invalid`, `evidence_expired`
 */
export function readInstance(
  pkcs7: unknown,
  { nowSeconds, onCheck }: Expectation,
  settings: Ec2Settings & { readonly launchAgeMaxSeconds?: number },
): Result<InstanceDocument, Denial> {
  const bytes = decodeBase64(pkcs7, limits.instanceIdentityBytes);
  const shape: Result<Uint8Array, string> = bytes ? ok(bytes) : err("pkcs7 is not base64, or too long");
  const tell =
    onCheck && ((check: Parameters<typeof onCheck>[0]) => onCheck({ ...check, name: `instance-${check.name}` }));
  const read = reported(shape, "shape", tell);
  const verified = read.ok ? verifyInstanceIdentity(read.value, { ...settings, nowSeconds, onCheck: tell }) : read;
  if (verified.ok) return verified;
  return err(faultDenial(type, { ...verified.error, check: `instance-${verified.error.check}` }));
}
