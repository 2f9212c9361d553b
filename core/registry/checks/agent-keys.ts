import { publicJwkFor } from "../../jose/public-jwk.ts";
import type { AgentRegistration } from "../../model/agent-registration.ts";
import { type Finding, repeated } from "../finding.ts";

/**
 * Rules for how an agent may come without an identity token: each key is a public one of its algorithm, and what proves
 * nothing of the code or of this moment is not registered for an agent that demands it.
 */
export function agentKeyFindings(row: AgentRegistration): readonly Finding[] {
  const { keys = [], aliases = [], selectors, acceptsTokensOf = [] } = row;
  return [
    ...(selectors.length === 0 && keys.length === 0
      ? [["selectors", "needs a selector or `keys`: nobody could ever be this agent"] as const]
      : []),
    ...(selectors.length === 0 && keys.length > 0 ? keysAloneFindings(row) : []),
    ...keys.flatMap((key, i): Finding[] =>
      publicJwkFor(key.alg, key) ? [] : [[`keys.${i}`, `is no public key for ${key.alg}`]],
    ),
    ...repeated(
      keys.map((key) => key.kid),
      "keys",
    ),
    ...(row.signsCards && keys.length === 0
      ? [["signsCards", "needs `keys`: a card is signed with a registered key"] as const]
      : []),
    // an id of this form is an agent's own name, and must never be another's second one
    ...aliases.flatMap(({ clientId }, i): Finding[] =>
      clientId.startsWith("spiffe://") ? [[`aliases.${i}.clientId`, "must not look like the id of an agent"]] : [],
    ),
    ...repeated(
      acceptsTokensOf.map(({ issuer }) => issuer),
      "acceptsTokensOf",
    ),
    ...withoutProofFindings(row),
  ];
}

/** An agent that comes by its keys alone proves neither its code nor more than a document does. */
const keysAloneFindings = ({ minimumAssurance, code }: AgentRegistration): Finding[] => [
  ...(minimumAssurance === "document"
    ? []
    : [["minimumAssurance", "must be document for an agent without selectors: a key proves no more"] as const]),
  ...(code ? [["code", "needs selectors: a key proves nothing of the code"] as const] : []),
];

/**
 * A call without a proof is a bearer's, whatever it shows. An agent whose registration demands more would never get
 * anything by it.
 */
function withoutProofFindings({ withoutProof, keys, selectors, minimumAssurance }: AgentRegistration): Finding[] {
  if (!withoutProof) return [];
  if (minimumAssurance !== "document")
    return [["withoutProof", "needs minimumAssurance: document, which is all it is"]];
  const comes = keys !== undefined || selectors.some(({ type }) => type === "oidc");
  return comes
    ? []
    : [["withoutProof", "needs `keys` or a selector of type oidc: nothing else is shown without a key"]];
}
