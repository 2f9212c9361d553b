import type { Attestor } from "./contract/attestor.ts";
import type { MethodGround } from "./contract/method.ts";
import { withInstanceIdentity } from "./formats/instance-identity/beside.ts";

/** How the function `attest` gets the attestor of one kind of evidence. */
interface Loader {
  readonly type: string;
  /** Whether the stage offers it; when left out, every stage does. */
  readonly offered?: (ground: MethodGround) => boolean;
  /** Loads the attestor and its folder's parsers, which are imported nowhere earlier. */
  readonly load: (ground: MethodGround) => Promise<Attestor>;
}

/** All kinds except `aws-lambda-url-iam`, which has a function of its own. */
const loaders: readonly Loader[] = [
  {
    type: "aws-sts-web-identity",
    load: async ({ keySets, ec2Certificates: certificates }) => {
      const { awsStsWebIdentity } = await import("./methods/aws-sts-web-identity/attestor.ts");
      return withInstanceIdentity(awsStsWebIdentity({ keySets }), { certificates });
    },
  },
  {
    type: "aws-sts-caller-identity",
    load: async ({ relay, partition, ec2Certificates: certificates }) => {
      const { awsStsCallerIdentity } = await import("./methods/aws-sts-caller-identity/attestor.ts");
      return withInstanceIdentity(awsStsCallerIdentity({ relay, partition }), { certificates });
    },
  },
  {
    type: "ecs-task",
    offered: ({ tasks }) => tasks !== undefined,
    load: async ({ relay, partition, tasks: lookup }) => {
      if (lookup === undefined) throw new Error("ecs-task is not offered by a stage without the look at tasks");
      return (await import("./methods/ecs-task/attestor.ts")).ecsTask({ relay, partition, lookup });
    },
  },
  {
    type: "oidc",
    load: async ({ keySets }) => (await import("./methods/oidc/attestor.ts")).oidc({ keySets }),
  },
  {
    type: "spiffe-jwt-svid",
    load: async ({ bundles }) => (await import("./methods/spiffe-jwt-svid/attestor.ts")).spiffeJwtSvid({ bundles }),
  },
  {
    type: "spiffe-x509-svid",
    load: async ({ bundles }) => (await import("./methods/spiffe-x509-svid/attestor.ts")).spiffeX509Svid({ bundles }),
  },
  {
    type: "aws-nitro-enclave",
    load: async ({ nitroRoot: root }) =>
      (await import("./methods/aws-nitro-enclave/attestor.ts")).awsNitroEnclave({ root }),
  },
  {
    type: "aws-nitro-tpm",
    load: async ({ nitroRoot: root }) => (await import("./methods/aws-nitro-tpm/attestor.ts")).awsNitroTpm({ root }),
  },
  {
    type: "aws-ec2-instance-identity",
    load: async ({ ec2Certificates: certificates, instanceIdentityAlone: allowAlone }) => {
      const { awsEc2InstanceIdentity } = await import("./methods/aws-ec2-instance-identity/attestor.ts");
      return awsEc2InstanceIdentity({ certificates, allowAlone });
    },
  },
];

/**
 * The attestors of the function `attest`, with what its stage provides. Each is loaded when its kind is first
 * presented: the agents of a deployment use one or two kinds, and a cold start should wait for none of the others.
 */
export const createAttestors = (ground: MethodGround): readonly Attestor[] =>
  loaders.filter(({ offered }) => offered?.(ground) ?? true).map((loader) => whenPresented(loader, ground));

function whenPresented({ type, load }: Loader, ground: MethodGround): Attestor {
  let loading: Promise<Attestor> | undefined;
  return {
    type,
    attest: async (evidence, expect) => {
      loading ??= load(ground);
      return (await loading).attest(evidence, expect);
    },
  };
}
