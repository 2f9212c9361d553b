/** Which functions demand nonces in DPoP proofs (RFC 9449 8): a setting of the stage. */
import { env } from "../../lambdas/env.ts";
import { allowMac } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import type { Stage } from "../settings/stage.ts";
import type { Keys } from "../state/keys.ts";

/** Tells a function the key of nonces and lets it use that, where the stage demands nonces at its endpoint; else neither. */
export function demandNonces(
  made: LanyardFunction,
  endpoint: Stage["dpopNonces"][number],
  stage: Stage,
  keys: Keys,
): void {
  if (!stage.dpopNonces.includes(endpoint)) return;
  made.function.addEnvironment(env.dpopNonceKey, keys.dpopNonce.keyArn);
  allowMac(made.role, keys.dpopNonce);
}
