import { z } from "zod";
import { reader } from "../deployment/reader.ts";

const budget = z.object({
  of: z.string(),
  name: z.string(),
  agent: z.string().optional(),
  lending: z.string().optional(),
  policy: z.string().optional(),
  principal: z.string().optional(),
  session: z.string().optional(),
  resources: z.array(z.string()).optional(),
  shards: z.number().optional(),
  windows: z.array(
    z.object({
      window: z.string(),
      renewsAtSeconds: z.number(),
      calls: z.object({ limit: z.number(), spent: z.number(), left: z.number() }).optional(),
      money: z
        .object({
          currency: z.string(),
          limitMinor: z.number(),
          spentMinor: z.number(),
          reservedMinor: z.number(),
          leftMinor: z.number(),
        })
        .optional(),
      emptied: z.boolean().optional(),
    }),
  ),
});

/** A budget, and how it stands now. */
export type Budget = z.infer<typeof budget>;

/** Reads one of a list of budgets. */
export const readBudget = reader(budget, "budget");
