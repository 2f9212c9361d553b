import { resourceOf, type Scope, type State } from "./state.ts";

/** What the policies of the programs say, once more and by hand. */

/** People must approve: so many of them, by a rule that is another one when its text is. */
export interface WithApproval {
  readonly needed: number;
  readonly rule: string;
}

/** What policy answers for these scopes at one resource. */
function verdictAt(state: State, scopes: readonly Scope[], step: string): WithApproval | "permitted" | "refused" {
  const { policy } = state.published;
  if (policy === "everything") return "permitted";
  if (step === "open" && scopes.includes("releases:push")) {
    if (policy === "none") return "refused";
    return { needed: policy === "one" ? 1 : 2, rule: policy };
  }
  return scopes.includes("releases:stage") ? { needed: 1, rule: "stage" } : "permitted";
}

/** What policy answers for all of it: a refusal of a part refuses it, and of any part that waits all of it waits. */
export function verdictOf(
  state: State,
  scopes: readonly Scope[],
  step: string,
): WithApproval | "permitted" | "refused" {
  const parts = [...new Set(scopes.map(resourceOf))].map((resource) =>
    verdictAt(
      state,
      scopes.filter((one) => resourceOf(one) === resource),
      step,
    ),
  );
  if (parts.includes("refused")) return "refused";
  return parts.find((one) => typeof one === "object") ?? "permitted";
}
