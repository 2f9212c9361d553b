import type { Denial } from "../denial/denial.ts";
import { ownerId } from "../model/owner.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { epochOf } from "../session/liveness.ts";
import type { Confirmation, LivenessQuery, LivenessRows } from "../session/store.ts";
import type { PersonFacts } from "./id-token.ts";

type Agents = Pick<RegistrySnapshot, "agent">;

/**
 * Everybody who owns an agent of a chain by this version of the registry, as principal ids, each once: who must not
 * answer for what the chain asks. Texts are nobody, since nothing verifies them.
 * @param chain ids of the agents, in any order
 */
export const ownersOf = (chain: readonly string[], registry: Agents): readonly string[] => [
  ...new Set(chain.flatMap((agent) => ownerId(registry.agent(agent)?.owner ?? "") ?? [])),
];

const agentPrefix = subjects.agent("");
const daySeconds = 86_400;

/** An agent among liveness subjects, and the person who owns it. */
interface Owned {
  readonly agent: string;
  readonly principal: string;
  readonly confirmedDays?: number;
}

/** The agents among liveness subjects that a person owns by this version of the registry. */
function ownedAmong(names: readonly string[], registry: Agents): readonly Owned[] {
  return names.flatMap((name) => {
    if (!name.startsWith(agentPrefix)) return [];
    const agent = name.slice(agentPrefix.length);
    const registered = registry.agent(agent);
    const principal = ownerId(registered?.owner ?? "");
    const days = registered?.ownerConfirmedDays;
    return principal === undefined
      ? []
      : [{ agent, principal, ...(days === undefined ? {} : { confirmedDays: days }) }];
  });
}

/**
 * The query with the rows of everybody who owns an agent in it, and with their last confirmation where the registration
 * asks for it, so that one batch is enough. An owner who stands only in what a session was issued under, since the
 * registry names another now, takes a second batch.
 */
export function withOwners(query: LivenessQuery, registry: Agents): LivenessQuery {
  const owned = ownedAmong(query.subjects, registry);
  const asked = owned.flatMap(({ principal, confirmedDays }) => (confirmedDays === undefined ? [] : [principal]));
  const owners = [...(query.owners ?? []), ...asked];
  return {
    ...query,
    subjects: [...query.subjects, ...owned.map(({ principal }) => subjects.principal(principal))],
    ...(owners.length > 0 ? { owners } : {}),
  };
}

/**
 * When a person has signed in, by the token: `auth_time`, where it is said, since a token may be refreshed for as long
 * as an application likes, and never later than the token was issued or than now. No agent moves it by keeping a token.
 */
export function signInOf(
  {
    principal,
    issuedAtSeconds,
    authTimeSeconds,
  }: Pick<PersonFacts, "principal" | "issuedAtSeconds" | "authTimeSeconds">,
  nowSeconds: number,
): Confirmation {
  const atSeconds = Math.floor(Math.min(issuedAtSeconds, authTimeSeconds ?? issuedAtSeconds, nowSeconds));
  return { principal: principal.id, atSeconds };
}

/** An owner by whom an agent gets nothing, and why. */
export interface OwnerGone {
  readonly kind: "blocked" | "unconfirmed";
  readonly subject: string;
  /** The agent. */
  readonly owns: string;
}

/** What an owner is judged by. */
interface By {
  readonly registry: Agents;
  readonly nowSeconds: number;
  /** Who signed in for this very request, and when: an owner whose word has run out gives it anew. */
  readonly signedIn?: Confirmation;
}

/**
 * The first of these agents whose owner, by the registry's present version, is blocked, or was not confirmed within the
 * days that the registration names: never confirmed counts as long ago. A session from before a change of owner has the
 * former one among its epochs, and must not outlive the new one's block.
 * @param rows of a query that {@link withOwners} made with the same registry
 * @param names liveness subjects
 */
export function ownerGone(rows: LivenessRows, names: readonly string[], by: By): OwnerGone | undefined {
  for (const { agent, principal, confirmedDays } of ownedAmong(names, by.registry)) {
    const subject = subjects.principal(principal);
    if (epochOf(rows, subject).blocked) return { kind: "blocked", subject, owns: agent };
    if (confirmedDays === undefined) continue;
    const kept = rows.confirmedAtSeconds?.get(principal) ?? Number.NEGATIVE_INFINITY;
    const now = by.signedIn?.principal === principal ? by.signedIn.atSeconds : Number.NEGATIVE_INFINITY;
    if (Math.max(kept, now) + confirmedDays * daySeconds <= by.nowSeconds)
      return { kind: "unconfirmed", subject, owns: agent };
  }
  return undefined;
}

/** The refusal of who asks for an agent whose owner is gone. */
export const ownerDenial = ({ kind, ...gone }: OwnerGone): Denial =>
  kind === "blocked" ? { code: "blocked", ...gone } : { code: "owner_unconfirmed", ...gone };
