import type { KeySets } from "../keys/key-sets.ts";
import type { Attestor } from "./attestor.ts";

/** Attestor of evidence `aws-sts-web-identity`. */
export function awsStsWebIdentity(_deps: { readonly keySets: KeySets }): Attestor {
  throw new Error("not built yet");
}
