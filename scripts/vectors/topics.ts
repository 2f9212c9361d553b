import type { Topic } from "./document.ts";
import { cloudTrailRecords } from "./events/cloudtrail.ts";
import { ocsfClassList, ocsfCompiled, ocsfEvents } from "./events/ocsf.ts";
import { securityEventTokens } from "./events/set.ts";
import { ssfExamples } from "./events/ssf-examples.ts";
import { instanceDocuments } from "./evidence/aws-ec2-instance-identity.ts";
import { nitroDocuments, nitroMutants } from "./evidence/aws-nitro-enclave.ts";
import { callerAnswers, callerArns, callerRequests } from "./evidence/aws-sts-caller-identity.ts";
import { stsTokens } from "./evidence/aws-sts-web-identity.ts";
import { callerHeaders, callerUrls } from "./evidence/caller-foreign.ts";
import { callerHosts } from "./evidence/caller-hosts.ts";
import { instanceCertificates } from "./evidence/ec2-certificates.ts";
import { nitroMeasurements } from "./evidence/nitro-pcrs.ts";
import { oidcTokens } from "./evidence/oidc.ts";
import { oidcPayloads } from "./evidence/oidc-payloads.ts";
import { sigv4Suite } from "./evidence/sigv4.ts";
import { jwtSvids, spiffeBundles, spiffeIds, x509Svids } from "./evidence/spiffe.ts";
import { stsCatalogue, stsObserved, stsPayloads } from "./evidence/sts-claims.ts";
import { jwtAttacks } from "./jose/jwt-attacks.ts";
import { wycheproofEcdsa, wycheproofJws } from "./jose/wycheproof-jws.ts";
import { wycheproofKeys } from "./jose/wycheproof-keys.ts";
import { wycheproofMacs } from "./jose/wycheproof-mac.ts";
import { wycheproofSignatures } from "./jose/wycheproof-signatures.ts";
import { discoveryDocuments } from "./oauth/discovery.ts";
import { dpopProofs } from "./oauth/dpop.ts";
import { draftExamples } from "./oauth/draft-examples.ts";
import { rfcMessages } from "./oauth/rfc-messages.ts";
import { statusLists } from "./oauth/status-list.ts";
import { tokenExchanges } from "./oauth/token-exchange.ts";
import { cedarCorpus, cedarTests } from "./policy/cedar.ts";

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
