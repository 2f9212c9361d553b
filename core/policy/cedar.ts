import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import { assuranceLevels } from "../assurance.ts";
import type { RegistrySnapshot } from "../registry/snapshot.ts";
import type { PolicyDecision, PolicyEngine, PolicyQuestion } from "./decide.ts";
import { policySchema } from "./schema.ts";

/**
 * The loaded wasm module, whichever build of it: in a bundled function `/web` after `initSync({ module: bytes })`,
 * under plain Node `/nodejs`. Core reads no files, so whoever wires it loads it.
 */
export type CedarModule = Pick<
  typeof cedarWasm,
  "preparseSchema" | "preparsePolicySet" | "statefulIsAuthorized" | "policyToJson" | "validate"
>;

const schemaName = "lanyard";
/** Parsed sets live in the wasm module by id and cannot be evicted: one id an engine, overwritten by each version. */
let engines = 0;

const denied = (why: string, policies: readonly string[] = []): PolicyDecision => ({ allowed: false, policies, why });

/**
 * Decides with Cedar over the snapshot's policies: default deny, forbid wins. Whatever cannot be parsed or evaluated is
 * a deny too: Cedar itself skips a policy that errors, and a skipped forbid would permit.
 * @param cedar the loaded module
 * @returns an engine that keeps the newest snapshot's policies parsed (about 0.2 ms a decision)
 */
export function createCedarEngine(cedar: CedarModule): PolicyEngine {
  engines += 1;
  const setId = `registry-${engines}`;
  let parsed: { readonly registry: RegistrySnapshot; readonly problem: string | undefined } | undefined;

  const prepare = (registry: RegistrySnapshot): string | undefined => {
    if (parsed?.registry === registry) return parsed.problem;
    parsed = undefined;
    const schema = cedar.preparseSchema(schemaName, policySchema);
    const staticPolicies = Object.fromEntries(registry.policies.map((p) => [p.name, p.cedar]));
    const set = cedar.preparsePolicySet(setId, { staticPolicies });
    const failure = [schema, set].find((answer) => answer.type === "failure");
    const problem =
      failure?.type === "failure"
        ? `policies could not be read: ${failure.errors[0]?.message ?? "unknown"}`
        : undefined;
    parsed = { registry, problem };
    return problem;
  };

  return {
    decide(registry, question) {
      try {
        const problem = prepare(registry);
        if (problem !== undefined) return denied(problem);
        const request = toRequest(registry, question);
        if (typeof request === "string") return denied(request);
        const answer = cedar.statefulIsAuthorized({
          ...request,
          preparsedSchemaName: schemaName,
          validateRequest: true,
          preparsedPolicySetId: setId,
        });
        return verdict(answer);
      } catch (cause) {
        parsed = undefined; // a trapped wasm module may have lost its sets
        return denied(`policies could not be evaluated: ${cause instanceof Error ? cause.message : String(cause)}`);
      }
    },
  };
}

const verdict = (answer: cedarWasm.AuthorizationAnswer): PolicyDecision => {
  if (answer.type === "failure") return denied(`the question is not valid: ${answer.errors[0]?.message ?? "unknown"}`);
  const { decision, diagnostics } = answer.response;
  const reasons = [...diagnostics.reason].sort();
  const broken = diagnostics.errors.map((e) => e.policyId).sort();
  if (broken.length > 0) return denied(`could not be evaluated: ${broken.join(", ")}`, broken);
  if (decision === "allow") return { allowed: true, policies: reasons };
  return reasons.length > 0 ? denied(`forbidden by ${reasons.join(", ")}`, reasons) : denied("no policy permits it");
};

type CedarRequest = Pick<
  cedarWasm.StatefulAuthorizationCall,
  "principal" | "action" | "resource" | "context" | "entities"
>;

const uid = (type: string, id: string) => ({ type, id });

/** Only the entities this question needs, since each call parses them anew. A string says why it cannot be asked. */
const toRequest = (registry: RegistrySnapshot, question: PolicyQuestion): CedarRequest | string => {
  const agent = registry.agent(question.agent);
  const resource = registry.resource(question.grant.resource);
  const to = question.to === undefined ? undefined : registry.agent(question.to);
  if (!agent || !resource || (question.to !== undefined && !to)) return "the agent or resource is not registered";
  const server = registry.agent(registry.agentId(resource.servedBy));
  const agents = new Map([agent, to, server].flatMap((a) => (a ? [[a.name, a]] : [])));
  const principal = uid("Principal", question.principal.id);
  return {
    principal: uid("Agent", agent.name),
    action: uid("Action", question.action),
    resource: uid("Resource", resource.uri),
    context: context(question, to?.name),
    entities: [
      ...[...agents.values()].map((a) => entity(uid("Agent", a.name), { owner: a.owner, sponsor: a.sponsor })),
      entity(principal, { kind: question.principal.kind }),
      entity(uid("Resource", resource.uri), {
        name: resource.name,
        servedBy: { __entity: uid("Agent", resource.servedBy) },
      }),
    ],
  };
};

const entity = (id: cedarWasm.TypeAndId, attrs: cedarWasm.EntityJson["attrs"]): cedarWasm.EntityJson => ({
  uid: id,
  attrs,
  parents: [],
});

const context = (question: PolicyQuestion, to: string | undefined): cedarWasm.Context => ({
  depth: question.depth,
  assurance: assuranceLevels.indexOf(question.assurance),
  scopes: [...question.grant.scopes],
  detailTypes: question.grant.details.map((d) => d.type),
  principal: { __entity: uid("Principal", question.principal.id) },
  ...(to === undefined ? {} : { to: { __entity: uid("Agent", to) } }),
  ...(question.build === undefined ? {} : { build: question.build }),
  now: question.nowSeconds,
  asserted: {
    ...(question.asserted.purpose === undefined ? {} : { purpose: question.asserted.purpose }),
    ...(question.asserted.lifetimeSeconds === undefined ? {} : { lifetimeSeconds: question.asserted.lifetimeSeconds }),
  },
});
