/** How a store may lie of what people and operators govern by; the model has to notice each. */

import type { BudgetCharge } from "../../core/model/budget.ts";
import type { Stage } from "./stage.ts";

/** Changes one answer of the store of approvals. */
const approving = (change: (approvals: Stage["world"]["store"]["approvals"]) => object) => (stage: Stage) => {
  const { approvals } = stage.world.store;
  Object.assign(approvals, change(approvals));
};

/** Changes some of what table Budgets does. */
const budgeting = (change: (budgets: Stage["world"]["store"]["budgets"]) => object) => (stage: Stage) => {
  const { budgets } = stage.world.store;
  Object.assign(budgets, change(budgets));
};

/** Changes when every owner was confirmed last. */
const confirming =
  (at: () => number) =>
  ({ world: { store } }: Stage) => {
    const honest = store.readLiveness.bind(store);
    store.readLiveness = async (query) => {
      const rows = await honest(query);
      const owners = (query.owners ?? []).map((owner) => [owner, at()] as const);
      return rows.complete ? { ...rows, confirmedAtSeconds: new Map(owners) } : rows;
    };
  };

/** As `lies`. */
export const governedLies: Readonly<Record<string, (stage: Stage) => void>> = {
  "lets an approval be used again": approving((approvals) => {
    const honest = approvals.use.bind(approvals);
    return {
      use: (used: Parameters<typeof honest>[0]) => {
        const conflict = honest(used);
        approvals.used.delete(used.id);
        return conflict;
      },
    };
  }),
  "forgets that somebody refused": approving((approvals) => {
    const honest = approvals.standing.bind(approvals);
    return {
      standing: async (pending: Parameters<typeof honest>[0]) => ({ ...(await honest(pending)), refused: false }),
    };
  }),
  "has people asked again for what they refused": approving((approvals) => {
    const honest = approvals.asked.bind(approvals);
    return {
      asked: async (request: Parameters<typeof honest>[0]) => {
        const { refusedAtSeconds: _, ...asked } = await honest(request);
        return asked;
      },
    };
  }),
  "lets an agent ask as often as it likes how it stands": approving(() => ({ poll: async () => true })),
  "counts one person's approval twice": approving((approvals) => {
    const honest = approvals.standing.bind(approvals);
    return {
      standing: async (pending: Parameters<typeof honest>[0]) => {
        const standing = await honest(pending);
        const again = standing.decisions.map((one) => ({ ...one, approver: `${one.approver} again` }));
        return { ...standing, decisions: [...standing.decisions, ...again] };
      },
    };
  }),
  "counts no refusals in a row": approving(() => ({ inRow: async () => 1 })),
  "never lets a row of refusals end": approving((approvals) => {
    const honest = approvals.inRow.bind(approvals);
    return { inRow: (agent: string) => honest(agent, "refused") };
  }),
  "forgets who is quarantined": ({ world: { store } }) => {
    const honest = store.readLiveness.bind(store);
    store.readLiveness = async (query) => {
      const rows = await honest(query);
      const epochs = [...rows.epochs].map(([name, { quarantined: _, ...row }]) => [name, row] as const);
      return { ...rows, epochs: new Map(epochs) };
    };
  },
  "forgets what was spent": budgeting((budgets) => {
    const honest = budgets.take.bind(budgets);
    return {
      take: (charge: BudgetCharge) => {
        budgets.spent.clear();
        return honest(charge);
      },
    };
  }),
  "keeps what a refused call had taken": budgeting(() => ({ giveBack: async () => {} })),
  "gives back twice": budgeting((budgets) => {
    const honest = budgets.giveBack.bind(budgets);
    return { giveBack: (charges: readonly BudgetCharge[]) => honest([...charges, ...charges]) };
  }),
  "never begins a window": budgeting((budgets) => {
    const honest = budgets.take.bind(budgets);
    return {
      take: (charge: BudgetCharge) =>
        honest({ ...charge, key: charge.key.replace(/#[^#]*$/, `#${charge.calls?.most}`) }),
    };
  }),
  "lets go on what was exceeded": budgeting((budgets) => {
    const honest = budgets.settle.bind(budgets);
    return {
      settle: async (settlement: Parameters<typeof honest>[0]) => {
        const settled = await honest(settlement);
        budgets.emptied.clear();
        return settled;
      },
    };
  }),
  "forgets that owners were confirmed": confirming(() => Number.NEGATIVE_INFINITY),
  "confirms owners for ever": confirming(() => Number.MAX_SAFE_INTEGER),
};
