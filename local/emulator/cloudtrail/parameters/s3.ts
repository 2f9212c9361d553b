/** S3 in CloudTrail: what is done to objects is a data event, with the object and its bucket as resources. */
import type { ServedCall } from "../../front/call.ts";
import { accountOf } from "../../iam/context.ts";
import type { Json } from "../../service.ts";
import { type Description, isReading, type Resource } from "./described.ts";

/** Describes a call. */
export function s3(call: ServedCall): Description {
  const { operation, input, output, code, requestId } = call;
  const record = {
    // the second version of the listing is logged under the first one's name
    eventName: operation === "ListObjectsV2" ? "ListObjects" : operation,
    requestParameters: input,
    responseElements: code === undefined && !isReading(operation) && output !== undefined ? output : null,
    additionalEventData: { SignatureVersion: "SigV4", AuthenticationMethod: "AuthHeader", "x-amz-id-2": requestId },
    resources: resourcesOf(call),
    readOnly: isReading(operation),
    userAgent: `[${call.userAgent}]`,
  };
  return { record, category: "Data" };
}

function resourcesOf({ input, caller, access }: ServedCall): Resource[] {
  const { bucketName = "", key, prefix = "" } = input as Json & { bucketName?: string; key?: string; prefix?: string };
  if (bucketName === "") return [];
  const bucket = `arn:aws:s3:::${bucketName}`;
  const owner = access.find((each) => each.owner !== undefined)?.owner;
  return [
    {
      type: "AWS::S3::Object",
      ...(key === undefined ? { ARNPrefix: `${bucket}/${prefix}` } : { ARN: `${bucket}/${key}` }),
    },
    { accountId: owner ?? accountOf(caller.roleArn), type: "AWS::S3::Bucket", ARN: bucket },
  ];
}
