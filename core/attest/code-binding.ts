import type { Denial } from "../denial.ts";
import type { CodeLookup } from "../ports.ts";
import type { AgentRegistration, CodeBinding } from "../registry/model.ts";
import { err, ok, type Result } from "../result.ts";
import type { AttestedFacts } from "./attestor.ts";

/**
 * Finds the digest of the code an agent runs and holds it against the releases its registration lists. Of a function it
 * is the package of the published version the registration names, as it is configured at attestation: which version
 * answered this very call AWS does not tell (threat 30). Of a task it is the image ECS started. Without `lambda` or
 * `ecs` the evidence itself must have measured the code.
 * @param lookup absent where the stage grants no look at the control plane: then such a registration cannot attest
 * @returns the build to record, undefined for an agent that is bound to none and whose evidence tells none; denials
 * `build_not_released`, `evidence_insufficient`, `attestation_unavailable`
 */
export async function bindCode(
  agent: string,
  type: string,
  registration: AgentRegistration,
  attested: AttestedFacts,
  lookup: CodeLookup | undefined,
): Promise<Result<string | undefined, Denial>> {
  const { code } = registration;
  if (!code) return ok(attested.build);
  if (code.ecs) return imageOf(agent, type, code, code.ecs.container, attested);
  const build = code.lambda
    ? await versionOf(type, code.lambda.version, attested, lookup)
    : attested.build === undefined
      ? insufficient(type, "the evidence measures no code")
      : ok(attested.build);
  return build.ok ? released(agent, code, build.value) : build;
}

const insufficient = (type: string, why: string) => err<Denial>({ code: "evidence_insufficient", type, why });

function released(agent: string, code: CodeBinding, build: string): Result<string, Denial> {
  return code.releases.includes(build) ? ok(build) : err({ code: "build_not_released", agent, build });
}

/** A published version never changes, its number is never given again; `$LATEST` and aliases are not asked for. */
async function versionOf(
  type: string,
  version: string,
  { facts: { functionArn } }: AttestedFacts,
  lookup: CodeLookup | undefined,
): Promise<Result<string, Denial>> {
  if (functionArn === undefined) return insufficient(type, "the evidence names no function");
  if (!lookup) return insufficient(type, "this stage may not look functions up");
  const found = await lookup.functionVersion(functionArn, version);
  if (!found.ok) {
    const { why, detail } = found.error;
    if (why === "missing") return insufficient(type, `the function has no version ${version}`);
    return err({ code: "attestation_unavailable", type, why: detail });
  }
  const { arn, version: told, codeSha256 } = found.value;
  if (arn !== `${functionArn}:${version}` || told !== version)
    return insufficient(type, "Lambda described another version");
  return ok(codeSha256);
}

/** Every container of a task holds the task's credentials, so each one's image must be a release. */
function imageOf(
  agent: string,
  type: string,
  code: CodeBinding,
  container: string,
  { images }: AttestedFacts,
): Result<string, Denial> {
  if (!images || !Object.hasOwn(images, container))
    return insufficient(type, "the platform tells no image of the container");
  const build = images[container] ?? "";
  const foreign = [build, ...Object.values(images)].find((digest) => !code.releases.includes(digest));
  return foreign === undefined ? ok(build) : err({ code: "build_not_released", agent, build: foreign });
}
