/** What is changed of a template. */
interface Template {
  readonly Resources?: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Record<string, unknown> }>
  >;
}

/** A template whose delivery streams buffer as a stage does that names no other buffer; the local run's does not. */
export function byDefault(
  text: string,
  { bufferSeconds, bufferMegabytes }: { readonly bufferSeconds: number; readonly bufferMegabytes: number },
): string {
  const template = JSON.parse(text) as Template;
  for (const { Type, Properties = {} } of Object.values(template.Resources ?? {})) {
    if (Type !== "AWS::KinesisFirehose::DeliveryStream") continue;
    const destination = Properties.ExtendedS3DestinationConfiguration as Record<string, unknown>;
    destination.BufferingHints = { IntervalInSeconds: bufferSeconds, SizeInMBs: bufferMegabytes };
  }
  return JSON.stringify(template);
}
