import { isCounted } from "../../budgets/counted.ts";
import { type Budget, budgetWindows } from "../../model/budget.ts";
import type { ResourceRegistration } from "../../model/resource-registration.ts";
import { type Finding, repeated } from "../finding.ts";

type Resources = ReadonlyMap<string, Pick<ResourceRegistration, "introspecting" | "tools">>;

/**
 * Checks the budgets of a registration: each counts only where calls are counted, and none has a row whose part of the
 * limit would be nothing.
 * @param held the resources that whoever it bounds may hold
 */
export function budgetFindings(
  budgets: readonly Budget[] = [],
  { held, resources }: { readonly held: readonly string[]; readonly resources: Resources },
): readonly Finding[] {
  return [
    ...repeated(
      budgets.map(({ name }) => name),
      "budgets",
    ),
    ...budgets.flatMap((budget, i) => {
      const path = `budgets.${i}`;
      return [
        ...(budget.resources ?? []).flatMap((uri, j): Finding[] =>
          resources.has(uri) ? [] : [[`${path}.resources.${j}`, `no resource has the uri ${uri}`]],
        ),
        ...repeated(budget.resources ?? [], `${path}.resources`),
        ...uncounted(budget.resources ?? held, resources).map(
          (uri): Finding => [
            path,
            `calls of ${uri} are not counted: it is verified offline, neither introspecting nor with tools; name others in resources`,
          ],
        ),
        ...thin(budget).map((what): Finding => [`${path}.shards`, `divides ${what} into more rows than it has units`]),
      ];
    }),
  ];
}

const uncounted = (uris: readonly string[], resources: Resources): readonly string[] =>
  [...new Set(uris)].filter((uri) => resources.has(uri) && !isCounted(resources.get(uri)));

/** Limits of which some row would hold nothing, and refuse every call that meets it. */
const thin = ({ calls, money, shards = 1 }: Budget): readonly string[] =>
  [calls, money].flatMap((bounds, i) =>
    budgetWindows.flatMap((window) =>
      (bounds?.[window] ?? shards) < shards ? [`${i === 0 ? "calls" : "money"}.${window}`] : [],
    ),
  );
