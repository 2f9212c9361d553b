import type { Denial } from "../denial/denial.ts";
import type { AgentRegistration, CodeBinding } from "../model/agent-registration.ts";
import type { Check } from "../model/check.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AttestedFacts } from "./contract/attestor.ts";
import type { CodeLookup } from "./contract/aws.ts";

/** An agent, and what its evidence proved, for the check of its code. */
interface CodeClaim {
  readonly agent: string;
  /** `evidence.type`, for denials. */
  readonly type: string;
  readonly registration: AgentRegistration;
  readonly attested: AttestedFacts;
}

/** How the code is looked up, and who is told of each check. */
interface CodeLooking {
  /**
   * Absent where the stage does not grant lookups at the control plane. A registration that needs one cannot attest
   * then.
   */
  readonly lookup?: CodeLookup | undefined;
  /** Called for every check in order, up to the first that fails: `code-source`, `code-version`, `code-release`. */
  readonly onCheck: (check: Check) => void;
}

/**
 * Finds the digest of the code an agent runs and compares it with the releases its registration lists. For a function
 * it is the digest of the published version that the registration names, as configured at attestation: AWS does not
 * tell which version answered a call (threat 30). For a task it is the image that ECS started. Without `lambda` or
 * `ecs` the evidence itself must have measured the code.
 * @returns the build to record, undefined for an agent whose registration binds no code and whose evidence measures
 * none; denials `build_not_released`, `evidence_insufficient`, `attestation_unavailable`
 */
export async function bindCode(
  { agent, type, registration, attested }: CodeClaim,
  looking: CodeLooking,
): Promise<Result<string | undefined, Denial>> {
  const { code } = registration;
  const { onCheck } = looking;
  if (!code) return ok(attested.build);
  const found = await digestsOf(code, attested, looking);
  if (!found.ok) {
    const { check, why, unavailable = false } = found.error;
    onCheck({ name: check, ok: false, detail: why });
    return err({ code: unavailable ? "attestation_unavailable" : "evidence_insufficient", type, why });
  }
  const { build, all } = found.value;
  const foreign = all.find((digest) => !code.releases.includes(digest));
  const detail = foreign === undefined ? "a release of the registration" : "no release of the registration";
  onCheck({ name: "code-release", ok: foreign === undefined, detail });
  return foreign === undefined ? ok(build) : err({ code: "build_not_released", agent, build: foreign });
}

/** The code's digest, and all digests that must be releases with it. */
interface Digests {
  readonly build: string;
  readonly all: readonly string[];
}

/** Why no digest is known. */
interface NoDigest {
  readonly check: "code-source" | "code-version";
  readonly why: string;
  /** The control plane did not answer; the attestation may be tried again. */
  readonly unavailable?: boolean;
}

const unknown = (check: NoDigest["check"], why: string) => err<NoDigest>({ check, why });

async function digestsOf(
  { lambda, ecs }: CodeBinding,
  attested: AttestedFacts,
  looking: CodeLooking,
): Promise<Result<Digests, NoDigest>> {
  const source = (detail: string) => looking.onCheck({ name: "code-source", ok: true, detail });
  if (lambda) return versionOf(lambda.version, attested, looking);
  if (ecs) {
    const { images } = attested;
    if (!images || !Object.hasOwn(images, ecs.container))
      return unknown("code-source", "the platform tells no image of the container");
    source("the images ECS started");
    const build = images[ecs.container] ?? "";
    // every container of a task has the task's credentials, so each container's image must be a release
    return ok({ build, all: [build, ...Object.values(images)] });
  }
  if (attested.build === undefined) return unknown("code-source", "the evidence measures no code");
  source("measured by the evidence");
  return ok({ build: attested.build, all: [attested.build] });
}

/**
 * A published version never changes, and its number is never used again. `$LATEST` and aliases can change, so they are
 * not looked up.
 */
async function versionOf(
  version: string,
  { facts: { functionArn } }: AttestedFacts,
  { lookup, onCheck }: CodeLooking,
): Promise<Result<Digests, NoDigest>> {
  if (functionArn === undefined) return unknown("code-source", "the evidence names no function");
  if (!lookup) return unknown("code-source", "this stage may not look functions up");
  onCheck({ name: "code-source", ok: true, detail: "the function the evidence names" });
  const found = await lookup.functionVersion(functionArn, version);
  if (!found.ok) {
    const { why, detail } = found.error;
    if (why === "missing") return unknown("code-version", `the function has no version ${version}`);
    return err({ check: "code-version", why: detail, unavailable: true });
  }
  const { arn, version: described, codeSha256 } = found.value;
  if (arn !== `${functionArn}:${version}` || described !== version)
    return unknown("code-version", "Lambda described another version");
  onCheck({ name: "code-version", ok: true, detail: `version ${version}, as configured now` });
  return ok({ build: codeSha256, all: [codeSha256] });
}
