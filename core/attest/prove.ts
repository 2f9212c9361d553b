import type { AuditContext } from "../audit/context.ts";
import type { Denial } from "../denial/denial.ts";
import type { DpopProof } from "../jose/dpop.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { assuranceReaches } from "../model/assurance.ts";
import type { Check } from "../model/check.ts";
import { limits } from "../model/limits.ts";
import { type Clock, type MacSource, nowSeconds } from "../model/ports.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import type { AttestRequest, PlatformCaller } from "../model/wire.ts";
import { identityAudience } from "./audience.ts";
import { checkChallenge } from "./challenge.ts";
import { bindCode } from "./code-binding.ts";
import type { AttestedFacts, Attestor } from "./contract/attestor.ts";
import type { CodeLookup } from "./contract/aws.ts";
import { matchSelectors } from "./selectors.ts";

/** What proving an agent needs. */
export interface ProveDeps {
  readonly clock: Clock;
  readonly attestors: readonly Attestor[];
  readonly macs: MacSource;
  readonly issuer: string;
  /** Present where the stage grants lookups of functions and tasks. */
  readonly codeLookup?: CodeLookup;
  /** The caller as the platform authenticated this call. */
  readonly platformCaller?: PlatformCaller;
}

/** One attestation under way. */
export interface Attempt {
  readonly request: AttestRequest;
  readonly proof: DpopProof;
  /** Receives what is found, so that a grant and a refusal are recorded with the same facts. */
  readonly audit: AuditContext;
}

/** An agent that was proved by one version of the registry. */
export interface Proven {
  readonly agent: string;
  readonly registration: AgentRegistration;
  readonly evidenceType: string;
  readonly attested: AttestedFacts;
  readonly audience: string;
  /** Challenge, proof and evidence: each single use. */
  readonly replayEntries: readonly ReplayEntry[];
}

/** Most checks that a refusal's record keeps; no attestor makes so many. */
const checksRecorded = 40;

/**
 * Proves that the caller is the agent it names: our challenge ▸ the evidence ▸ the named registration, and no other ▸
 * its selectors ▸ its state ▸ its minimum assurance ▸ the audience ▸ the code it may run. The name is looked up only
 * after the evidence was found genuine, and an agent's state is told only to a caller that proved to be it. Otherwise
 * strangers could find out which agents exist by comparing refusals (threat 41).
 * @returns the agent and its registration in this version of the registry, or the first of these that fails
 */
export async function prove(
  attempt: Attempt,
  registry: RegistrySnapshot,
  deps: ProveDeps,
): Promise<Result<Proven, Denial>> {
  const { request, proof, audit } = attempt;
  const { agent } = request;
  audit.drop("checks");
  const challenge = await checkChallenge(request.challenge, deps);
  if (!challenge.ok) return challenge;
  const checks: Check[] = [];
  const attested = await attest(attempt, registry, { ...deps, onCheck: (check) => checks.push(check) });
  audit.add({ checks: checks.slice(0, checksRecorded) });
  if (!attested.ok) return attested;
  const { assurance, facts, documentId } = attested.value;
  audit.add({ evidence: facts, ...(documentId === undefined ? {} : { evidenceId: documentId }) });
  const registration = registry.agent(agent);
  if (!registration) return err({ code: "agent_unknown", agent });
  const selected = matchSelectors(agent, registration, { type: request.evidence.type, ...attested.value });
  if (!selected.ok) return selected;
  // only now is the name more than a claim, and counted or shown as an agent's by what this fact says (threat 34)
  audit.add({ assurance });
  // the evidence was found good, so its checks do not explain a later refusal
  audit.drop("checks");
  audit.authenticated = true;
  const { state, minimumAssurance: required } = registration;
  if (state !== "active") return err({ code: "agent_inactive", agent, state });
  if (!assuranceReaches(assurance, required)) return err({ code: "assurance_too_low", required, actual: assurance });
  const audience = identityAudience(request.audience, registration, { issuer: deps.issuer, registry });
  if (!audience.ok) return audience;
  // every call carries these facts in its identity token, and no policy may miss one because it was cut off
  const factsBytes = Buffer.byteLength(JSON.stringify(attested.value.facts));
  if (factsBytes > limits.attestedFactsBytes)
    return err({
      code: "evidence_insufficient",
      type: request.evidence.type,
      why: `it proves more facts (${factsBytes} bytes) than an identity token carries`,
    });
  // last, so that strangers and suspended agents cause no call to AWS
  const codeChecks: Check[] = [];
  const claim = { agent, type: request.evidence.type, registration, attested: attested.value };
  const onCheck = (check: Check) => void codeChecks.push(check);
  const build = await bindCode(claim, { lookup: deps.codeLookup, onCheck });
  if (!build.ok) {
    audit.add({ checks: codeChecks });
    if (build.error.code === "build_not_released") audit.add({ build: build.error.build });
    return build;
  }
  const bound = withBuild(attested.value, build.value);
  if (bound.build !== undefined) audit.add({ build: bound.build });
  const replayEntries = [challenge.value.replayEntry, proof.replayEntry, attested.value.evidenceEntry];
  return ok({
    agent,
    registration,
    evidenceType: request.evidence.type,
    attested: bound,
    audience: audience.value,
    replayEntries,
  });
}

const withBuild = ({ build: _, ...attested }: AttestedFacts, build: string | undefined): AttestedFacts =>
  build === undefined ? attested : { ...attested, build };

async function attest(
  { request, proof }: Attempt,
  registry: RegistrySnapshot,
  deps: ProveDeps & { readonly onCheck: (check: Check) => void },
): Promise<Result<AttestedFacts, Denial>> {
  const { challenge, evidence } = request;
  const attestor = deps.attestors.find((a) => a.type === evidence.type);
  if (!attestor) return err({ code: "evidence_unsupported", type: evidence.type });
  const { jkt } = proof;
  const { issuer, platformCaller, onCheck } = deps;
  return attestor.attest(evidence, {
    challenge,
    jkt,
    issuer,
    nowSeconds: nowSeconds(deps.clock),
    registry,
    onCheck,
    ...(platformCaller === undefined ? {} : { platformCaller }),
  });
}
