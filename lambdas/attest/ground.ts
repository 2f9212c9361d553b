import type { AttestDeps } from "../../core/endpoints/attest.ts";
import { createRateLimiter } from "../aws/dynamodb/counters.ts";
import { createRegistrySource } from "../aws/dynamodb/registry/registry-source.ts";
import { createSessionStore } from "../aws/dynamodb/sessions/session-store.ts";
import { demandedNonces } from "../aws/kms/dpop-nonces.ts";
import { kmsClient } from "../aws/kms/keys.ts";
import { createMacSource } from "../aws/kms/macs.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import { openKeyring } from "../keyring.ts";

/**
 * Partition of every deployment. The others have no function URLs, and the same account number is a different account
 * there.
 */
export const partition = "aws";

/** What both functions that attest need. Each names the evidence it accepts itself. */
export function attestGround() {
  const { dynamo, denying, refuse } = ground();
  const kms = kmsClient();
  const issuer = setting("issuer");
  const trustDomain = setting("trustDomain");
  const deps: Omit<AttestDeps, "attestors"> = {
    ...denying,
    issuer,
    trustDomain,
    registries: createRegistrySource(dynamo, tables, trustDomain),
    store: createSessionStore(dynamo, tables, clock),
    limiter: createRateLimiter(dynamo, tables, clock),
    signer: openKeyring(dynamo, kms).signer("identity"),
    macs: createMacSource(kms, setting("nonceKey"), issuer),
    nonces: demandedNonces(kms, issuer),
  };
  return { deps, issuer, refuse };
}
