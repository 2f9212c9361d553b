import { instanceDocuments } from "./aws-ec2-instance-identity.ts";
import { nitroDocuments, nitroMutants } from "./aws-nitro-enclave.ts";
import { callerAnswers, callerArns, callerRequests } from "./aws-sts-caller-identity.ts";
import { stsTokens } from "./aws-sts-web-identity.ts";
import { callerHeaders, callerUrls } from "./caller-foreign.ts";
import { callerHosts } from "./caller-hosts.ts";
import { cedarCorpus, cedarTests } from "./cedar.ts";
import { cloudTrailRecords } from "./cloudtrail.ts";
import { discoveryDocuments } from "./discovery.ts";
import type { Topic } from "./document.ts";
import { dpopProofs } from "./dpop.ts";
import { draftExamples } from "./draft-examples.ts";
import { instanceCertificates } from "./ec2-certificates.ts";
import { jwtAttacks } from "./jwt-attacks.ts";
import { nitroMeasurements } from "./nitro-pcrs.ts";
import { ocsfClassList, ocsfCompiled, ocsfEvents } from "./ocsf.ts";
import { oidcTokens } from "./oidc.ts";
import { oidcPayloads } from "./oidc-payloads.ts";
import { rfcMessages } from "./rfc-messages.ts";
import { securityEventTokens } from "./set.ts";
import { sigv4Suite } from "./sigv4.ts";
import { jwtSvids, spiffeBundles, spiffeIds, x509Svids } from "./spiffe.ts";
import { ssfExamples } from "./ssf-examples.ts";
import { statusLists } from "./status-list.ts";
import { stsCatalogue, stsObserved, stsPayloads } from "./sts-claims.ts";
import { tokenExchanges } from "./token-exchange.ts";
import { wycheproofEcdsa, wycheproofJws } from "./wycheproof.ts";
import { wycheproofKeys } from "./wycheproof-keys.ts";
import { wycheproofMacs } from "./wycheproof-mac.ts";
import { wycheproofSignatures } from "./wycheproof-signatures.ts";

/** Every kind of manifest that is understood, listed; nothing is discovered. */
export const topics: readonly Topic[] = [
  nitroDocuments,
  nitroMutants,
  nitroMeasurements,
  instanceDocuments,
  instanceCertificates,
  stsTokens,
  callerRequests,
  callerAnswers,
  callerArns,
  sigv4Suite,
  callerHosts,
  callerUrls,
  callerHeaders,
  discoveryDocuments,
  stsPayloads,
  stsCatalogue,
  stsObserved,
  oidcPayloads,
  ocsfEvents,
  ocsfClassList,
  ocsfCompiled,
  cloudTrailRecords,
  securityEventTokens,
  ssfExamples,
  jwtSvids,
  spiffeBundles,
  spiffeIds,
  x509Svids,
  oidcTokens,
  jwtAttacks,
  dpopProofs,
  statusLists,
  tokenExchanges,
  rfcMessages,
  draftExamples,
  wycheproofJws,
  wycheproofEcdsa,
  wycheproofKeys,
  wycheproofSignatures,
  wycheproofMacs,
  cedarTests,
  cedarCorpus,
];
