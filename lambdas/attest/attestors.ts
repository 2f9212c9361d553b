import type { Attestor } from "../../core/attest/attestor.ts";
import {
  awsEc2InstanceIdentity,
  type Ec2Settings,
  withInstanceIdentity,
} from "../../core/attest/aws-ec2-instance-identity.ts";
import { awsNitroEnclave, awsNitroTpm, type NitroSettings } from "../../core/attest/aws-nitro.ts";
import { awsStsCallerIdentity } from "../../core/attest/aws-sts-caller-identity.ts";
import { awsStsWebIdentity } from "../../core/attest/aws-sts-web-identity.ts";
import { ecsTask } from "../../core/attest/ecs-task.ts";
import { oidc } from "../../core/attest/oidc.ts";
import { spiffeJwtSvid } from "../../core/attest/spiffe-jwt-svid.ts";
import { spiffeX509Svid } from "../../core/attest/spiffe-x509-svid.ts";
import type { KeySets } from "../../core/keys/key-sets.ts";
import type { SpiffeBundles } from "../../core/keys/spiffe-bundles.ts";
import type { CodeLookup, StsRelay } from "../../core/ports.ts";
import { partition } from "./ground.ts";

/** What the attestors stand on, and what the stage lets them do. */
export interface AttestorGround {
  readonly keySets: KeySets;
  readonly bundles: SpiffeBundles;
  readonly relay: StsRelay;
  /** Present where the stage grants the look at tasks. */
  readonly tasks?: CodeLookup;
  readonly nitro: NitroSettings;
  readonly ec2: Ec2Settings;
  /** True where the stage takes an instance's document with nothing beside it. */
  readonly instanceIdentityAlone: boolean;
}

/** Every kind of evidence that `attest` understands; nothing is discovered. */
export function attestorsOf(ground: AttestorGround): readonly Attestor[] {
  const { keySets, bundles, relay, tasks, nitro, ec2, instanceIdentityAlone: allowAlone } = ground;
  return [
    withInstanceIdentity(awsStsWebIdentity({ keySets }), ec2),
    withInstanceIdentity(awsStsCallerIdentity({ relay, partition }), ec2),
    awsEc2InstanceIdentity({ ...ec2, allowAlone }),
    awsNitroEnclave(nitro),
    awsNitroTpm(nitro),
    oidc({ keySets }),
    spiffeJwtSvid({ bundles }),
    spiffeX509Svid({ bundles }),
    ...(tasks === undefined ? [] : [ecsTask({ relay, partition, lookup: tasks })]),
  ];
}
