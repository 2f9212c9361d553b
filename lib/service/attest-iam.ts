import type { LanyardFunction } from "../function/lanyard-function.ts";
import { attesting } from "./attest.ts";
import type { Ground } from "./ground.ts";

/** Attests whom IAM authenticated on its URL: the caller's signature is the evidence. */
export function attestIam(ground: Ground): LanyardFunction {
  return attesting(ground, "AttestIam", "attest-iam", "Gives an identity token to the agent that IAM authenticated");
}
