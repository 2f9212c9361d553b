import type { Assurance } from "../model/assurance.ts";
import { canBeClaimFact } from "./methods/oidc/claims.ts";

/** What a registration can rest on for one kind of evidence. */
export interface EvidenceType {
  /**
   * Facts that name one workload, at least one of which a selector must pin exactly. A role or function ARN carries its
   * account, and the attestor holds it against the issuer's.
   */
  readonly anchors: readonly string[];
  /** Facts without which an anchor names nobody, each to be pinned too. */
  readonly companions: readonly string[];
  /** True for a fact that this kind can state at all: a selector by another can never hold. */
  readonly states: (fact: string) => boolean;
  /** The strongest it ever proves. */
  readonly assurance: Assurance;
  /** True where it carries session tags. */
  readonly tags: boolean;
  /**
   * Kinds of one family rest on one and the same thing: whoever holds a role's credentials shows any document that is
   * had by them, whoever holds one SVID of an id can hold the other kind (threats 15 and 38).
   */
  readonly family: string;
}

const named = (...facts: readonly string[]): ((fact: string) => boolean) => {
  const known = new Set(facts);
  return (fact) => known.has(fact);
};

/** What an instance identity document beside the evidence adds. */
const instance = ["ec2InstanceId", "ec2ImageId", "ec2Region"];
const caller = ["account", "roleArn", "roleId", "sessionName"];
const registers = Array.from({ length: 32 }, (_, index) => `pcr${index}`);
const task = ["taskId", "taskArn", "cluster", "family", "revision", "launchType", "service"];

const kind = (
  more: Pick<EvidenceType, "anchors" | "states" | "assurance"> & Partial<EvidenceType> & { readonly family: string },
): EvidenceType => ({ companions: [], tags: false, ...more });

/** Every kind of evidence that a registration can select by. */
export const evidenceTypes: ReadonlyMap<string, EvidenceType> = new Map([
  [
    "aws-sts-web-identity",
    kind({
      anchors: ["roleArn", "functionArn"],
      states: named("issuer", "account", "roleArn", "functionArn", "organization", "sourceRegion", ...instance),
      assurance: "fresh",
      tags: true,
      family: "role",
    }),
  ],
  [
    "aws-sts-caller-identity",
    kind({
      anchors: ["roleId", "roleArn"],
      states: named(...caller, "region", ...instance),
      assurance: "fresh",
      family: "role",
    }),
  ],
  [
    "aws-lambda-url-iam",
    kind({
      anchors: ["roleId", "roleArn"],
      states: named(...caller, "organization"),
      assurance: "fresh",
      family: "role",
    }),
  ],
  [
    "ecs-task",
    kind({
      anchors: ["roleId", "roleArn"],
      states: named(...caller, "region", ...task),
      assurance: "fresh",
      family: "role",
    }),
  ],
  [
    "oidc",
    kind({
      anchors: ["subject"],
      // a subject is somebody only at its issuer (threat 8)
      companions: ["issuer"],
      states: (fact) => fact === "issuer" || fact === "subject" || canBeClaimFact(fact),
      assurance: "document",
      family: "svid",
    }),
  ],
  [
    "spiffe-jwt-svid",
    kind({ anchors: ["spiffeId"], states: named("spiffeId", "trustDomain"), assurance: "document", family: "svid" }),
  ],
  [
    "spiffe-x509-svid",
    kind({ anchors: ["spiffeId"], states: named("spiffeId", "trustDomain"), assurance: "fresh", family: "svid" }),
  ],
  [
    "aws-nitro-enclave",
    kind({
      anchors: ["pcr0"],
      states: named("moduleId", "instanceId", ...registers),
      assurance: "measured",
      family: "enclave",
    }),
  ],
  [
    "aws-nitro-tpm",
    kind({
      anchors: ["pcr4"],
      // a boot image does what the Secure Boot policy and the kernel's command line let it
      companions: ["pcr7", "pcr12"],
      states: named("moduleId", "instanceId", ...registers),
      assurance: "measured",
      family: "tpm",
    }),
  ],
  [
    "aws-ec2-instance-identity",
    kind({
      anchors: ["instanceId"],
      states: named(
        ...["account", "instanceId", "imageId", "region", "instanceType", "architecture", "availabilityZone"],
      ),
      assurance: "document",
      family: "instance",
    }),
  ],
]);
