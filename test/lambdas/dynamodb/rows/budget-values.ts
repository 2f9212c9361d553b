import { fc } from "@fast-check/vitest";

const name = fc.string({ minLength: 1, maxLength: 10 });
const perWindow = { hour: fc.nat(), day: fc.nat() };

/** What an offer, or a request that waits for people, bounds. */
export const budgetBounds = fc.record(
  {
    calls: fc.record(perWindow, { requiredKeys: [] }),
    money: fc.record({ currency: name, ...perWindow }, { requiredKeys: ["currency"] }),
  },
  { requiredKeys: [] },
);

/** What a session and those above it were opened with. */
export const sessionBudgets = fc.array(
  fc.tuple(name, budgetBounds).map(([sid, bounds]) => ({ sid, ...bounds })),
  { maxLength: 2 },
);
