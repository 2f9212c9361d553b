import { callerAnswers, callerArns, callerRequests } from "./caller-identity.ts";
import type { Topic } from "./document.ts";
import { dpopProofs } from "./dpop.ts";
import { instanceDocuments } from "./ec2.ts";
import { jwtAttacks } from "./jwt-attacks.ts";
import { nitroDocuments, nitroMutants } from "./nitro.ts";
import { oidcTokens } from "./oidc.ts";
import { jwtSvids, spiffeBundles, spiffeIds, x509Svids } from "./spiffe.ts";
import { statusLists } from "./status-list.ts";
import { stsTokens } from "./sts-web-identity.ts";
import { wycheproofEcdsa, wycheproofJws } from "./wycheproof.ts";
import { wycheproofKeys } from "./wycheproof-keys.ts";

/** Every kind of manifest that is understood, listed; nothing is discovered. */
export const topics: readonly Topic[] = [
  nitroDocuments,
  nitroMutants,
  instanceDocuments,
  stsTokens,
  callerRequests,
  callerAnswers,
  callerArns,
  jwtSvids,
  spiffeBundles,
  spiffeIds,
  x509Svids,
  oidcTokens,
  jwtAttacks,
  dpopProofs,
  statusLists,
  wycheproofJws,
  wycheproofEcdsa,
  wycheproofKeys,
];
