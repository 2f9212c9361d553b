import { ownerId, ownerWords } from "../model/owner.ts";
import type { Registration } from "../model/registry.ts";
import type { RegistryDifference } from "../model/registry-difference.ts";
import type { CedarModule } from "../policy/ask.ts";
import { permitsThatMayApply } from "../policy/may-apply.ts";

/**
 * What a registry allows and whoever applies it may not mean, since agents stop by it: nothing is refused for it.
 * - a person owns an agent, and no policy could permit `own` for that person where the agent works: each of its requests
 *   there is refused
 * - an agent begins to ask for its owner's sign of life, or gets another owner: who was never heard of is gone at once
 * @param rows valid registrations
 * @param difference from those that count now
 * @returns a sentence each, in the order of the registrations
 */
export function registryWarnings(
  rows: readonly Registration[],
  difference: RegistryDifference,
  cedar: Pick<CedarModule, "policyToJson">,
): readonly string[] {
  const enforced = rows.flatMap((row) => (row.kind === "policy" && row.mode !== "log" ? [row.cedar] : []));
  const permits = permitsThatMayApply(enforced, "own", cedar);
  return rows.flatMap((row) => {
    const owner = row.kind === "agent" && row.state === "active" ? ownerId(row.owner) : undefined;
    if (row.kind !== "agent" || owner === undefined) return [];
    const places = [...new Set(row.may.map(({ resource }) => resource))];
    const unowned = row.policyMode === "log" ? [] : places.filter((resource) => !permits(owner, resource));
    return [
      ...(unowned.length > 0
        ? [
            `agent ${row.name}: no policy permits Action::"own" to its owner ${ownerWords(row.owner)} (${owner}) at ${unowned.join(", ")}: its requests there are refused`,
          ]
        : []),
      ...(row.ownerConfirmedDays !== undefined && beginsToAsk(row.name, difference)
        ? [
            `agent ${row.name}: unless its owner ${ownerWords(row.owner)} signed in or was confirmed within ${row.ownerConfirmedDays} days, it is refused at once: lanyard agents confirm ${row.name} --reason "…"`,
          ]
        : []),
    ];
  });
}

/** Whether the difference makes an agent ask for its owner's word, or for another person's, or sooner. */
function beginsToAsk(name: string, { added, changed }: RegistryDifference): boolean {
  const own = `agent ${name}`;
  const values = changed.find((one) => one.name === own)?.values ?? [];
  return added.includes(own) || values.some(({ path }) => /^(owner(\.|$)|ownerConfirmedDays$)/.test(path));
}
