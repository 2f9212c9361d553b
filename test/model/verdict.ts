import { ownerOf } from "./owners.ts";
import { asksInQuarantine } from "./registered.ts";
import { type AgentName, resourceOf, type Scope, type State } from "./state.ts";

/** What the policies of the programs say, once more and by hand. */

/** People must approve: so many of them, by a rule that is another one when its text is. */
export interface WithApproval {
  readonly needed: number;
  readonly rule: string;
}

/** What policy is asked: who takes which step, with what. */
interface Asked {
  readonly by: AgentName;
  readonly scopes: readonly Scope[];
  readonly action: string;
}

/** What policy answers for these scopes at one resource. */
function verdictAt(
  state: State,
  scopes: readonly Scope[],
  { by, action: step }: Omit<Asked, "scopes">,
): WithApproval | "permitted" | "refused" {
  const { policy, disowned } = state.published;
  if (disowned && ownerOf(by) !== undefined && scopes.some((one) => resourceOf(one) === "tickets")) return "refused";
  if (policy === "everything") return "permitted";
  if (step === "open" && scopes.includes("releases:push")) {
    if (policy === "none") return "refused";
    return { needed: policy === "one" ? 1 : 2, rule: policy };
  }
  return scopes.includes("releases:stage") ? { needed: 1, rule: "stage" } : "permitted";
}

/**
 * What is answered for all of it: a refusal of a part refuses it, and of any part that waits all of it waits. A
 * quarantined agent may have to ask for what policy permits outright, but for tokens of what it has.
 */
export function verdictOf(state: State, { by, scopes, action }: Asked): WithApproval | "permitted" | "refused" {
  const parts = [...new Set(scopes.map(resourceOf))].map((resource) =>
    verdictAt(
      state,
      scopes.filter((one) => resourceOf(one) === resource),
      { by, action },
    ),
  );
  if (parts.includes("refused")) return "refused";
  const waits = parts.find((one) => typeof one === "object");
  if (waits || action === "access" || !asksInQuarantine(state, by)) return waits ?? "permitted";
  return { needed: 1, rule: state.published.policy === "everything" ? "everything" : "outright" };
}
