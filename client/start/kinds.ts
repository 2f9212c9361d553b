import type { Assurance } from "../../core/model/assurance.ts";
import { EvidenceError } from "../error.ts";
import type { NitroInput } from "../evidence/platform/nitro-document.ts";
import type { EvidenceSource } from "../evidence/platform/source.ts";
import type { SpiffeWorkloadApiInput } from "../evidence/spiffe-workload-api.ts";
import type { Fetch } from "../http.ts";
import { ecsCluster } from "./ecs-cluster.ts";
import type { Place, Surroundings } from "./place.ts";

/** What a place cannot be asked. */
export interface KindInput {
  /** Asks the enclave's security module (`/dev/nsm`), which Node cannot. */
  readonly nitro?: NitroInput;
  /** Which of the workload's SPIFFE identities to show. */
  readonly spiffe?: Pick<SpiffeWorkloadApiInput, "spiffeId" | "hint">;
  /** File of a projected service account token whose audience is the issuer, beside EKS's own credentials. */
  readonly projectedToken?: { readonly path: string };
  /** Hosts of GitHub's that are not github.com's: of an Enterprise Server, or of a tenant with data residency. */
  readonly github?: { readonly hosts: readonly string[] };
  readonly fetch?: Fetch;
}

/** One kind of evidence of a place. */
export interface Kind {
  readonly type: string;
  /** The strongest assurance that it can prove. */
  readonly assurance: Assurance;
  /** Loads what it needs: an SDK is loaded only where it is used. */
  readonly load: () => Promise<EvidenceSource>;
}

/** Everything that a kind is made of. */
interface Known extends KindInput {
  readonly surroundings: Surroundings;
}

/**
 * Kinds of evidence that places offer, strongest first; of those that are equally strong, the one that proves more
 * facts.
 */
export function kindsOf(places: readonly Place[], known: Known): readonly Kind[] {
  const has = (...any: readonly Place[]) => any.some((place) => places.includes(place));
  const { projectedToken } = known;
  const byRole = has("lambda", "ecs", "eks", "ec2");
  return [
    ...(has("enclave") ? [enclave(known)] : []),
    ...(has("spiffe") ? [svid("x509", known)] : []),
    ...(has("ecs") ? [ecs(known)] : []),
    ...(byRole
      ? [role("aws-sts-web-identity", has("ec2"), known), role("aws-sts-caller-identity", has("ec2"), known)]
      : []),
    ...(has("spiffe") ? [svid("jwt", known)] : []),
    ...(has("github") ? [github(known)] : []),
    ...(projectedToken ? [projected(projectedToken)] : []),
    ...(has("ec2") ? [instance(known)] : []),
  ];
}

const enclave = ({ nitro }: Known): Kind => ({
  type: "aws-nitro-enclave",
  assurance: "measured",
  load: async () => {
    if (!nitro) throw new EvidenceError("an enclave's module is asked by a program of the image: give it as nitro");
    return (await import("../evidence/aws-nitro-enclave.ts")).awsNitroEnclave(nitro);
  },
});

const svid = (form: "x509" | "jwt", { spiffe, surroundings: { env } }: Known): Kind => ({
  type: `spiffe-${form}-svid`,
  assurance: form === "x509" ? "fresh" : "document",
  load: async () => {
    const { spiffeWorkloadJwt, spiffeWorkloadX509 } = await import("../evidence/spiffe-workload-api.ts");
    return (form === "x509" ? spiffeWorkloadX509 : spiffeWorkloadJwt)({ ...spiffe, env });
  },
});

const ecs = (known: Known): Kind => ({
  type: "ecs-task",
  assurance: "fresh",
  load: async () => {
    const { ecsTask } = await import("../evidence/ecs-task.ts");
    return ecsTask({ region: regionIn(known), cluster: await ecsCluster(known.surroundings.env, known.fetch) });
  },
});

const role = (type: "aws-sts-web-identity" | "aws-sts-caller-identity", onInstance: boolean, known: Known): Kind => ({
  type,
  assurance: "fresh",
  load: async () => {
    const region = onInstance ? await instanceRegion(known) : regionIn(known);
    const source =
      type === "aws-sts-web-identity"
        ? (await import("../evidence/aws-sts-web-identity.ts")).awsStsWebIdentity({ region })
        : (await import("../evidence/aws-sts-caller-identity.ts")).awsStsCallerIdentity({ region });
    if (!onInstance) return source;
    const { withInstanceIdentity } = await import("../evidence/aws-ec2-instance-identity.ts");
    return withInstanceIdentity(source, fetching(known));
  },
});

const github = (known: Known): Kind => ({
  type: "oidc",
  assurance: "document",
  load: async () =>
    (await import("../evidence/oidc/github-actions.ts")).githubActions({
      env: known.surroundings.env,
      ...known.github,
      ...fetching(known),
    }),
});

const projected = (file: { readonly path: string }): Kind => ({
  type: "oidc",
  assurance: "document",
  load: async () => (await import("../evidence/oidc/projected-token.ts")).projectedToken(file),
});

const instance = (known: Known): Kind => ({
  type: "aws-ec2-instance-identity",
  assurance: "document",
  load: async () => (await import("../evidence/aws-ec2-instance-identity.ts")).awsEc2InstanceIdentity(fetching(known)),
});

const fetching = ({ fetch }: Known) => (fetch ? { fetch } : {});

function regionIn({ surroundings: { env } }: Known): string {
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (region === undefined) throw new EvidenceError("AWS_REGION is not set, so no STS endpoint is known");
  return region;
}

async function instanceRegion(known: Known): Promise<string> {
  if (known.surroundings.env.AWS_REGION !== undefined) return regionIn(known);
  const { ec2Metadata } = await import("../evidence/platform/ec2-metadata.ts");
  return ec2Metadata(fetching(known))("/latest/meta-data/placement/region");
}
