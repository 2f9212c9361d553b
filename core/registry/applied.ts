import * as z from "zod";
import type { RegistryDifference } from "../model/registry-difference.ts";

/** What an apply did, or would do. When nothing changes, `version` is the base. */
export interface Applied {
  readonly version: number;
  readonly base: number;
  readonly difference: RegistryDifference;
}

const version = z.int().nonnegative();
const value = z.object({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() });

/** Schema of an answer of `admin-write`. */
export const appliedSchema: z.ZodType<Applied> = z.object({
  version,
  base: version,
  difference: z.object({
    added: z.array(z.string()),
    changed: z.array(z.object({ name: z.string(), values: z.array(value) })),
    removed: z.array(z.string()),
  }),
});
