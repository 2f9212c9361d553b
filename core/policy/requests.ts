import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import { assuranceLevels } from "../model/assurance.ts";
import type { Missing, PolicyQuestion } from "../model/decision.ts";
import { ownerId } from "../model/owner.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/** One request to Cedar, and what is missing from the grant when it is refused. */
export interface CedarRequest {
  readonly missing: Missing;
  readonly call: CedarCall;
}

/** What is sent to Cedar, with every entity id in its short form. */
export interface CedarCall {
  readonly principal: cedarWasm.TypeAndId;
  readonly action: cedarWasm.TypeAndId;
  readonly resource: cedarWasm.TypeAndId;
  readonly context: cedarWasm.Context;
  readonly entities: readonly CedarEntity[];
}

/** One entity that is sent to Cedar. */
export type CedarEntity = cedarWasm.EntityJson & {
  readonly uid: cedarWasm.TypeAndId;
  readonly parents: readonly cedarWasm.TypeAndId[];
};

const uid = (type: string, id: string) => ({ type, id });
const ref = (type: string, id: string) => ({ __entity: uid(type, id) });

/**
 * Turns a question into the requests that must all be permitted: principal, agent, every tool of the task, and the
 * agent's owner where that is a person, since a text is nobody who could be entitled. Each has
 * all the data there is, and is valid against the schema whatever the question holds.
 * @returns the requests, or in a sentence why the question cannot be asked
 */
export function toRequests(registry: RegistrySnapshot, question: PolicyQuestion): readonly CedarRequest[] | string {
  const agent = registry.agent(question.agent);
  const resource = registry.resource(question.grant.resource);
  const to = question.to === undefined ? undefined : registry.agent(question.to);
  if (!agent || !resource || (question.to !== undefined && !to)) return "the agent or resource is not registered";
  if (!hasLongs(question)) return "the question is not valid: a number in it is none that Cedar knows";
  const server = registry.agent(registry.agentId(resource.servedBy));
  const agents = new Map([agent, to, server].flatMap((a) => (a ? [[a.name, a]] : [])));
  const known = registry.groups;
  // a group that was removed from the registry since the person logged in no longer counts
  const held = new Set(question.principal.groups?.filter((group) => known.has(group)));
  const groups = [...held].map((id) => uid("Group", id));
  const owner = ownerId(agent.owner);
  const context = contextOf(question, { agent: agent.name, to: to?.name, owner });
  const tools = [...new Set(question.grant.scopes)];
  const entities: readonly CedarEntity[] = [
    ...[...agents.values()].map((a) =>
      entity(uid("Agent", a.name), { owner: ownerId(a.owner) ?? a.owner, sponsor: a.sponsor }),
    ),
    entity(uid("Principal", question.principal.id), { kind: question.principal.kind }, groups),
    // of an owner who does not sign in for this request no groups are known
    ...(owner === undefined || owner === question.principal.id
      ? []
      : [entity(uid("Principal", owner), { kind: "person" })]),
    ...groups.map((group) => entity(group, {})),
    entity(uid("Resource", resource.uri), { name: resource.name, servedBy: ref("Agent", resource.servedBy) }),
    ...tools.map((tool) => entity(uid("Tool", tool), {}, [uid("Resource", resource.uri)])),
    ...(question.evidence === undefined
      ? []
      : [{ ...entity(evidenceId, { type: question.evidence.type }), tags: { ...question.evidence.facts } }]),
  ];
  const request = (missing: Missing, action: string, { by, on }: Record<"by" | "on", cedarWasm.TypeAndId>) => ({
    missing,
    call: { principal: by, action: uid("Action", action), resource: on, context, entities },
  });
  const by = uid("Agent", agent.name);
  const on = uid("Resource", resource.uri);
  return [
    request({ who: "principal" }, "lend", { by: uid("Principal", question.principal.id), on }),
    request({ who: "agent" }, question.action, { by, on }),
    ...tools.map((tool) => request({ who: "task", tool }, "use", { by, on: uid("Tool", tool) })),
    ...(owner === undefined ? [] : [request({ who: "owner" }, "own", { by: uid("Principal", owner), on })]),
  ];
}

/** Each question has at most one evidence; policies read it only through the context. */
const evidenceId = uid("Evidence", "of-this-request");

/** Cedar's Long is a whole number. A JavaScript number beyond 2^53 may not be the one that was meant. */
const hasLongs = ({ depth, assurance, nowSeconds, asserted }: PolicyQuestion): boolean =>
  [depth, nowSeconds, asserted.lifetimeSeconds ?? 0].every(Number.isSafeInteger) && assuranceLevels.includes(assurance);

const entity = (
  id: cedarWasm.TypeAndId,
  attrs: cedarWasm.EntityJson["attrs"],
  parents: cedarWasm.TypeAndId[] = [],
): CedarEntity => ({ uid: id, attrs, parents });

/** Who has a part in a question, by the names that policies know them by. */
interface Parts {
  readonly agent: string;
  readonly to: string | undefined;
  readonly owner: string | undefined;
}

const contextOf = (question: PolicyQuestion, { agent, to, owner }: Parts): cedarWasm.Context => ({
  agent: ref("Agent", agent),
  principal: ref("Principal", question.principal.id),
  ...(owner === undefined ? {} : { owner: ref("Principal", owner) }),
  step: question.action,
  depth: question.depth,
  assurance: assuranceLevels.indexOf(question.assurance),
  scopes: [...question.grant.scopes],
  detailTypes: question.grant.details.map((d) => d.type),
  // left out where it is not known: to read what is not there is an error, and an error of any policy refuses
  ...(question.evidence === undefined ? {} : { evidence: { __entity: evidenceId } }),
  ...(to === undefined ? {} : { to: ref("Agent", to) }),
  ...(question.build === undefined ? {} : { build: question.build }),
  now: question.nowSeconds,
  asserted: {
    ...(question.asserted.purpose === undefined ? {} : { purpose: question.asserted.purpose }),
    ...(question.asserted.lifetimeSeconds === undefined ? {} : { lifetimeSeconds: question.asserted.lifetimeSeconds }),
    ...(question.asserted.tools === undefined ? {} : { tools: [...question.asserted.tools] }),
  },
});
