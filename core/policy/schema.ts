/**
 * The Cedar schema policies are written and checked against. An agent's id is its registration's name, a resource's
 * its URI, a principal's what stands in `sub`.
 *
 * `context.assurance`: 0 document, 1 audience, 2 fresh, 3 measured. `context.now`: seconds since the epoch.
 * `context.detailTypes`: types of the authorization details that restrict the grant.
 * `context.asserted` is the agent's own word: good for a forbid, refused in a permit (threat 25).
 */
export const policySchema = `
entity Agent = { "owner": String, "sponsor": String };
entity Principal = { "kind": String };
entity Resource = { "name": String, "servedBy": Agent };
type Asserted = { "purpose"?: String, "lifetimeSeconds"?: Long };
type Task = {
  "depth": Long,
  "assurance": Long,
  "scopes": Set<String>,
  "detailTypes": Set<String>,
  "principal": Principal,
  "to"?: Agent,
  "build"?: String,
  "now": Long,
  "asserted": Asserted
};
action open, access, offer, redeem, hop appliesTo { principal: [Agent], resource: [Resource], context: Task };
`;
