import type { KMSClient } from "@aws-sdk/client-kms";
import { createDpopNonces, type DpopNonces } from "../../../core/jose/dpop.ts";
import { env } from "../../env.ts";
import { clock } from "../../ground.ts";
import { createMacSource } from "./macs.ts";

/**
 * The nonces this function demands in its callers' proofs, where the stage demands them: only then its environment
 * names a key.
 * @returns undefined when proofs need none
 */
export function demandedNonces(kms: KMSClient, issuer: string): DpopNonces | undefined {
  const keyArn = process.env[env.dpopNonceKey];
  if (!keyArn) return undefined;
  return createDpopNonces({ clock, macs: createMacSource(kms, keyArn, issuer), server: issuer });
}
