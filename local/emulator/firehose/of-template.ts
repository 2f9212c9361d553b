/** Delivery streams, as the template holds them. */
import { list } from "../cloudformation/list.ts";
import type { Cloud } from "../cloudformation/template.ts";
import type { Json } from "../service.ts";
import { conversionOf } from "./convert.ts";
import type { DeliveryStream } from "./service.ts";

/** Delivery streams of the template. */
export function deliveryStreamsOf(cloud: Cloud): DeliveryStream[] {
  return cloud.ofType("AWS::KinesisFirehose::DeliveryStream").map((resource) => {
    const { ref, attributes } = cloud.physical(resource);
    const destination = cloud.properties(resource).ExtendedS3DestinationConfiguration as Json | undefined;
    if (destination === undefined)
      throw new Error(`delivery stream ${ref}: only ExtendedS3DestinationConfiguration is known`);
    const conversion = conversionOf(cloud, destination, ref);
    const buffering = (destination.BufferingHints ?? {}) as { IntervalInSeconds?: number; SizeInMBs?: number };
    return {
      name: ref,
      arn: attributes.Arn ?? "",
      bucketArn: String(destination.BucketARN),
      roleArn: String(destination.RoleARN),
      prefix: String(destination.Prefix ?? ""),
      bufferSeconds: Number(buffering.IntervalInSeconds ?? 300),
      bufferBytes: Number(buffering.SizeInMBs ?? 5) * 1_048_576,
      gzip: compression(ref, destination.CompressionFormat),
      delimiter: delimiterOf(ref, destination.ProcessingConfiguration as Json | undefined),
      ...(conversion === undefined ? {} : { conversion }),
      ...(destination.FileExtension === undefined ? {} : { fileExtension: String(destination.FileExtension) }),
    };
  });
}

function compression(stream: string, format: unknown): boolean {
  if (format === "GZIP") return true;
  if (format === undefined || format === "UNCOMPRESSED") return false;
  throw new Error(`delivery stream ${stream}: compression ${String(format)} is not known to the embedded Firehose`);
}

function delimiterOf(stream: string, processing: Json | undefined): string {
  if (processing === undefined || processing.Enabled === false) return "";
  return list(processing.Processors)
    .map(({ Type, Parameters }) => {
      if (Type !== "AppendDelimiterToRecord")
        throw new Error(`delivery stream ${stream}: processor ${String(Type)} is not known`);
      const given = list(Parameters).find(({ ParameterName }) => ParameterName === "Delimiter");
      // The template writes the two characters \n.
      return String(given?.ParameterValue ?? "\\n").replaceAll("\\n", "\n");
    })
    .join("");
}
