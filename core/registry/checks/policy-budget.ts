import { budgetProblem } from "../../budgets/annotation.ts";
import type { PolicyRegistration } from "../../model/registry.ts";
import type { CedarModule } from "../../policy/ask.ts";
import type { Finding } from "../finding.ts";

/**
 * Checks a policy's annotation `@budget`: that it can be read, and that Cedar reads the same text. Whoever counts has no
 * engine of Cedar, and a budget that only one of the two sees would bound nothing.
 */
export function policyBudgetFindings(cedar: CedarModule, { cedar: text }: PolicyRegistration): readonly Finding[] {
  const parsed = cedar.policyToJson(text);
  if (parsed.type === "failure") return [];
  const { effect, annotations } = parsed.json;
  const problem = budgetProblem(text, { effect, read: annotations?.budget });
  return problem === undefined ? [] : [["cedar", problem]];
}
