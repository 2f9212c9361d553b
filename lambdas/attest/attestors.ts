import type { Attestor } from "../../core/attest/contract/attestor.ts";
import { awsStsCallerIdentity } from "../../core/attest/formats/caller-identity/prove.ts";
import { awsNitroEnclave, awsNitroTpm, type NitroSettings } from "../../core/attest/formats/nitro/attestor.ts";
import {
  awsEc2InstanceIdentity,
  type Ec2Settings,
  withInstanceIdentity,
} from "../../core/attest/methods/aws-ec2-instance-identity/attestor.ts";
import { awsStsWebIdentity } from "../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { ecsTask } from "../../core/attest/methods/ecs-task/attestor.ts";
import { oidc } from "../../core/attest/methods/oidc/attestor.ts";
import { spiffeJwtSvid } from "../../core/attest/methods/spiffe-jwt-svid/attestor.ts";
import { spiffeX509Svid } from "../../core/attest/methods/spiffe-x509-svid/attestor.ts";
import type { KeySets } from "../../core/keys/key-sets.ts";
import type { SpiffeBundles } from "../../core/keys/spiffe-bundles.ts";
import type { CodeLookup, StsRelay } from "../../core/model/ports.ts";
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
