/** Every host of AWS STSas a list. A host that only looks like one could belong to anybody (CVE-2020-16250). */

/** Kinds of endpoints that a Region has. `fips` and `fips-dual-stack` exist in a few Regions only. */
export const stsEndpointKinds = ["regional", "dual-stack", "fips", "fips-dual-stack"] as const;

/** One of {@link stsEndpointKinds}. */
export type StsEndpointKind = (typeof stsEndpointKinds)[number];

interface Partition {
  readonly regions: readonly string[];
  readonly suffix: string;
  /** Absent where STS has no dual-stack hosts. */
  readonly dualStackSuffix?: string;
  /** Regions with hosts named `sts-fips`; GovCloud's ordinary ones are FIPS already. */
  readonly fips: readonly string[];
}

const partitions: Readonly<Record<string, Partition>> = {
  aws: {
    regions: [
      "af-south-1",
      ...["ap-east-1", "ap-east-2"],
      ...["ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
      ...["ap-south-1", "ap-south-2"],
      ...["ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4"],
      ...["ap-southeast-5", "ap-southeast-6", "ap-southeast-7"],
      ...["ca-central-1", "ca-west-1"],
      ...["eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2"],
      ...["eu-west-1", "eu-west-2", "eu-west-3"],
      ...["il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1"],
      ...["us-east-1", "us-east-2", "us-west-1", "us-west-2"],
    ],
    suffix: "amazonaws.com",
    dualStackSuffix: "api.aws",
    fips: ["us-east-1", "us-east-2", "us-west-1", "us-west-2"],
  },
  "aws-cn": {
    regions: ["cn-north-1", "cn-northwest-1"],
    suffix: "amazonaws.com.cn",
    dualStackSuffix: "api.amazonwebservices.com.cn",
    fips: [],
  },
  "aws-us-gov": {
    regions: ["us-gov-east-1", "us-gov-west-1"],
    suffix: "amazonaws.com",
    dualStackSuffix: "api.aws",
    fips: [],
  },
  "aws-iso": { regions: ["us-iso-east-1", "us-iso-west-1"], suffix: "c2s.ic.gov", fips: [] },
  "aws-iso-b": { regions: ["us-isob-east-1"], suffix: "sc2s.sgov.gov", fips: [] },
  "aws-iso-e": { regions: ["eu-isoe-west-1"], suffix: "cloud.adc-e.uk", fips: [] },
  "aws-iso-f": { regions: ["us-isof-east-1", "us-isof-south-1"], suffix: "csp.hci.ic.gov", fips: [] },
  "aws-eusc": { regions: ["eusc-de-east-1"], suffix: "amazonaws.eu", fips: [] },
};

/** Partition of a Region that is listed here. */
export function partitionOf(region: string): string | undefined {
  return Object.entries(partitions).find(([, { regions }]) => regions.includes(region))?.[0];
}

/**
 * The STS host of a Region.
 * @param partition the deployment's own, since one account number names different accounts in different partitions
 * @returns the exact host name; undefined when AWS has none. The global `sts.amazonaws.com` is left out: it belongs to
 * no Region, so a signature for it could be sent on to any Region
 */
export function stsHost(partition: string, region: string, kind: StsEndpointKind): string | undefined {
  const found = Object.hasOwn(partitions, partition) ? partitions[partition] : undefined;
  if (!found?.regions.includes(region)) return undefined;
  const fips = kind === "fips" || kind === "fips-dual-stack";
  if (fips && !found.fips.includes(region)) return undefined;
  const suffix = kind.endsWith("dual-stack") ? found.dualStackSuffix : found.suffix;
  return suffix === undefined ? undefined : `${fips ? "sts-fips" : "sts"}.${region}.${suffix}`;
}
