/** Which functions demand nonces in DPoP proofs (RFC 9449 8): a setting of the stage. */
import type { NoncingEndpoint } from "../../lambdas/manifest.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** Lets a function use the key of nonces, and names the key to it, where the stage demands nonces at its endpoint. */
export function demandNonces(of: LanyardFunction, endpoint: NoncingEndpoint, props: ServiceFunctionProps): void {
  if (props.stage.dpopNonces.includes(endpoint)) props.state.keys.grantNonces(of);
}
