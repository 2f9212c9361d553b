import type { Stage } from "./complete.ts";

/** What a stage has only where its settings say so, for the functions that validate a registry. */
export const stageHas = ({ keys, securityEvents, awsCredentials, decisions, approvals, signals }: Stage): string =>
  JSON.stringify([
    ...(keys.es256 ? ["es256"] : []),
    ...(securityEvents ? ["securityEvents"] : []),
    ...(decisions ? ["decisions"] : []),
    ...(approvals ? ["approvals"] : []),
    ...(signals ? ["signals"] : []),
    ...(awsCredentials ? ["awsCredentials"] : []),
    ...(awsCredentials?.webIdentity ? ["awsWebIdentity"] : []),
  ]);
