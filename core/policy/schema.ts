/**
 * The Cedar schema policies are written and checked against. A request is permitted only where all of these are:
 *
 * - the **principal** delegates: `Principal`, action `lend`, on the `Resource`;
 * - the **agent** acts: `Agent`, action `open`, `renew`, `access`, `offer`, `redeem` or `hop`, on the `Resource`;
 * - the **task** is one it may do: `Agent`, action `use`, on every `Tool`, which is one scope of the resource;
 * - the **owner** is still entitled: `Principal`, action `own`, on the `Resource`; asked where a person owns the agent.
 *
 * An agent's id is its registration's name, a resource's its URI, a tool's its scope, a principal's the value of `sub`,
 * a group's `<trusted issuer's name>/<group>`.
 *
 * `context.assurance`: 0 document, 1 audience, 2 fresh, 3 measured. `context.now`: seconds since the epoch.
 * `context.detailTypes`: types of the authorization details that restrict the grant. `context.evidence`: the evidence
 * the agent attested with; its facts are tags, `context.evidence.getTag("functionArn")`. `context.asserted` is what the
 * agent says of itself: it can only add refusals (threats 25 and 36).
 */
export const policySchema = `
entity Group;
entity Agent = { "owner": String, "sponsor": String };
entity Principal in [Group] = { "kind": String };
entity Resource = { "name": String, "servedBy": Agent };
entity Tool in [Resource];
entity Evidence = { "type": String } tags String;
type Asserted = { "purpose"?: String, "lifetimeSeconds"?: Long, "tools"?: Set<String> };
type Task = {
  "agent": Agent,
  "principal": Principal,
  "owner"?: Principal,
  "step": String,
  "depth": Long,
  "assurance": Long,
  "scopes": Set<String>,
  "detailTypes": Set<String>,
  "evidence": Evidence,
  "to"?: Agent,
  "build"?: String,
  "now": Long,
  "asserted": Asserted
};
action open, renew, access, offer, redeem, hop appliesTo { principal: [Agent], resource: [Resource], context: Task };
action lend, own appliesTo { principal: [Principal], resource: [Resource], context: Task };
action use appliesTo { principal: [Agent], resource: [Tool], context: Task };
`;
