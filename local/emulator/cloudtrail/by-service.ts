/** Records of what AWS's services do in somebody's name, or for themselves. */
import { randomUUID } from "node:crypto";
import type { ServedCall } from "../front/call.ts";
import { accountOf, isoSeconds } from "../iam/context.ts";
import { identityOf } from "./identity.ts";
import type { Resource } from "./parameters/described.ts";
import { finished, type TrailRecord } from "./record.ts";

/** A session that a service opened for what it runs. */
export interface ServiceSession {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly accessKeyId: string;
}

/** S3 asks KMS with the session that called it, and says so. */
export function keyRecords(call: ServedCall, awsRegion: string): TrailRecord[] {
  const home = accountOf(call.caller.roleArn);
  const service = "s3.amazonaws.com";
  return call.access
    .filter(({ action }) => action.startsWith("kms:"))
    .map(({ action, resource, context }) =>
      finished(home, {
        eventTime: isoSeconds(call.atMillis),
        sourceIPAddress: service,
        userAgent: service,
        eventSource: "kms.amazonaws.com",
        eventName: action.slice("kms:".length),
        awsRegion,
        userIdentity: { ...identityOf(call), invokedBy: service },
        requestParameters: {
          encryptionContext: { "aws:s3:arn": context["kms:encryptioncontext:aws:s3:arn"]?.[0] ?? "" },
          keyId: resource,
          ...(action === "kms:GenerateDataKey" ? { keySpec: "AES_256" } : {}),
        },
        responseElements: null,
        resources: [resourceOf("AWS::KMS::Key", resource)],
        readOnly: true,
        requestID: randomUUID(),
        eventCategory: "Management",
      }),
    );
}

/**
 * `AssumeRole` by which a service gets the credentials that it hands to what it runs.
 * @param service as it calls itself, such as `lambda.amazonaws.com`
 */
export function serviceSession(
  service: string,
  { roleArn, sessionName, accessKeyId }: ServiceSession,
  { region, atMillis }: { readonly region: string; readonly atMillis: number },
): TrailRecord {
  return finished(accountOf(roleArn), {
    eventTime: isoSeconds(atMillis),
    sourceIPAddress: service,
    userAgent: service,
    eventSource: "sts.amazonaws.com",
    eventName: "AssumeRole",
    awsRegion: region,
    userIdentity: { type: "AWSService", invokedBy: service },
    requestParameters: { roleArn, roleSessionName: sessionName },
    responseElements: { credentials: { accessKeyId } },
    resources: [resourceOf("AWS::IAM::Role", roleArn)],
    readOnly: true,
    requestID: randomUUID(),
    eventCategory: "Management",
  });
}

const resourceOf = (type: string, ARN: string): Resource => ({ accountId: accountOf(ARN), type, ARN });
