import { bindCode } from "../attest/code-binding.ts";
import type { AttestedFacts } from "../attest/contract/attestor.ts";
import { replayEntriesOf } from "../attest/first-key.ts";
import { oidc } from "../attest/methods/oidc/attestor.ts";
import { matchSelectors } from "../attest/selectors.ts";
import type { Caller } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import type { DpopProof } from "../jose/dpop.ts";
import { decodeUnverified } from "../jose/jwt.ts";
import { soleAudience } from "../jose/jwt-claims.ts";
import type { KeySets } from "../keys/key-sets.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { assuranceReaches } from "../model/assurance.ts";
import { sameUrl } from "../model/normal-url.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/** A platform's token as assertion, and what came with it. */
interface WorkloadAssertion {
  readonly assertion: string;
  /** The form's `client_id`. */
  readonly clientId: string | undefined;
  /** Absent where the call carries no proof. */
  readonly proof: DpopProof | undefined;
  /** The token endpoint's URL as the platform saw it. */
  readonly url: string;
}

/** Who shows a document without proving a key. All of them are one owner: each has the file, and nobody has more. */
const withoutKey = "without-proof";

const unknown = (why: string) => err<Denial>({ code: "workload_unknown", why });

/**
 * Authenticates a workload by its platform's token alone (RFC 7523 2.1, as MCP's workload identity federation uses it):
 * the evidence `oidc`, verified as at attestation, by issuers registered for workloads and no others. Its audience is
 * our issuer or the token endpoint and nothing else. The agent is found by exact issuer and subject, and all of one
 * selector must hold; where several agents have that subject, the request must name one (threat 15). The document
 * belongs to the first key that shows it, here and at attestation alike (threat 16).
 * @returns the caller, or `evidence_invalid`, `evidence_expired`, `keys_unavailable`, `workload_unknown`,
 * `selector_mismatch`, `assurance_too_low`, `evidence_insufficient`
 */
export async function authenticateByDocument(
  { assertion, clientId, proof, url }: WorkloadAssertion,
  registry: RegistrySnapshot,
  deps: { readonly issuer: string; readonly clock: Clock; readonly keySets: KeySets },
): Promise<Result<Caller, Denial>> {
  const said = soleAudience(decodeUnverified(assertion)?.payload ?? {});
  const audience = [deps.issuer, url].find((own) => said === own || (own === url && isUrl(said) && sameUrl(said, url)));
  if (said === undefined || audience === undefined)
    return err({ code: "evidence_invalid", type: "oidc", check: "audience", why: "aud must be this issuer alone" });
  const now = nowSeconds(deps.clock);
  const attested = await oidc(deps).attest(
    { type: "oidc", token: assertion },
    { challenge: "", jkt: proof?.jkt ?? withoutKey, issuer: said, nowSeconds: now, registry },
  );
  if (!attested.ok) return attested;
  const found = findAgent(attested.value, clientId, registry);
  if (!found.ok) return found;
  const { agent, registration } = found.value;
  const { facts, assurance } = attested.value;
  const { minimumAssurance: required } = registration;
  if (!assuranceReaches(assurance, required)) return err({ code: "assurance_too_low", required, actual: assurance });
  const claim = { agent, type: "oidc", registration, attested: attested.value };
  const build = await bindCode(claim, { onCheck: () => undefined });
  if (!build.ok) return build;
  const shown = { replayEntries: [attested.value.evidenceEntry], attested: attested.value, registration };
  return ok({
    agent,
    identity: { assurance, evidence: { type: "oidc", facts }, epochs: {} },
    ...(proof === undefined ? {} : { jkt: proof.jkt }),
    chargedLate: true,
    entries: [...replayEntriesOf(shown, now), ...(proof === undefined ? [] : [proof.replayEntry])],
  });
}

const isUrl = (text: string | undefined): text is string => text !== undefined && URL.canParse(text);

/** The agents that are registered with this issuer and subject, or the one of them that the request names. */
function findAgent(
  attested: AttestedFacts,
  clientId: string | undefined,
  registry: RegistrySnapshot,
): Result<{ readonly agent: string; readonly registration: AgentRegistration }, Denial> {
  const { issuer, subject } = attested.facts;
  const isNamed = (agent: AgentRegistration) =>
    agent.selectors.some((s) => s.type === "oidc" && s.exact.issuer === issuer && s.exact.subject === subject);
  const known = registry.agents.filter(isNamed);
  const goesBy = (agent: AgentRegistration) =>
    registry.agentId(agent.name) === clientId || agent.aliases?.some((alias) => alias.clientId === clientId) === true;
  const [registration, ...more] = clientId === undefined ? known : known.filter(goesBy);
  if (!registration) return unknown(`no agent is registered with this issuer and subject${named(clientId)}`);
  if (more.length > 0) return unknown("several agents have this issuer and subject: name one by client_id");
  const agent = registry.agentId(registration.name);
  const matches = matchSelectors(agent, registration, { type: "oidc", ...attested });
  return matches.ok ? ok({ agent, registration }) : matches;
}

const named = (clientId: string | undefined) =>
  clientId === undefined ? "" : ` under the name ${clientId.slice(0, 100)}`;
