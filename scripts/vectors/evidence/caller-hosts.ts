import { z } from "zod";
import { partitionOf, stsEndpointKinds, stsHost } from "../../../core/text/sts-hosts.ts";
import { type Evaluated, eachCase, topic } from "../document.ts";

/** A host is one that we send to when it is the one of its Region in that partition, of whatever kind. */
function evaluate(host: string, partition: string | undefined): Evaluated {
  const region = host.split(".")[1] ?? "";
  const ours = partition ?? partitionOf(region) ?? "";
  const kind = stsEndpointKinds.find((one) => stsHost(ours, region, one) === host);
  return kind === undefined
    ? { outcome: "invalid", reason: "never sent to" }
    : { outcome: "valid", reason: `${kind} host of ${region} in ${ours}` };
}

const upstream = z.looseObject({
  partition: z.string(),
  host: z.string(),
  upstream_valid: z.boolean(),
  extra_region: z.string().nullable(),
});

/** Upstream takes these; a list without invented Regions and without the host of no Region does not. */
const stricter = ({ host, extra_region: extra }: z.infer<typeof upstream>): boolean =>
  host === "sts.amazonaws.com" || /not-a-region|default-region/.test(host) || extra === "us-isob-east-1";

const shape = z.looseObject({
  aws_iam_authenticator: z.looseObject({ cases: z.array(z.unknown()) }),
  teleport: z.looseObject({
    valid: z.array(z.unknown()),
    fips_valid: z.array(z.unknown()),
    invalid: z.array(z.unknown()),
  }),
});

/** Hosts that a signed GetCallerIdentity may be sent to. */
export const callerHosts = topic(/^hosts\.json$/, shape, ({ aws_iam_authenticator, teleport }, folder, file) => {
  const plain = (list: readonly unknown[], expected: "valid" | "invalid") =>
    eachCase(list, { folder, file, shape: z.string() }, (host) => ({
      file: folder.label(file, host),
      said: expected,
      expected: [expected],
      evaluate: () => evaluate(host, undefined),
    }));
  return [
    ...eachCase(aws_iam_authenticator.cases, { folder, file, shape: upstream }, (one) => ({
      file: folder.label(file, `${one.partition} ${one.host}`),
      said: one.upstream_valid ? "valid" : "invalid",
      expected: [one.upstream_valid && !stricter(one) ? ("valid" as const) : ("invalid" as const)],
      evaluate: () => evaluate(one.host, one.partition),
    })),
    ...plain([...teleport.valid, ...teleport.fips_valid], "valid"),
    ...plain(teleport.invalid, "invalid"),
  ];
});
