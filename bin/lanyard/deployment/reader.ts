import type { z } from "zod";
import { Refused } from "../terminal/outcome.ts";

/** Reads one thing that admin-read answers; throws Refused where it is none. */
export const reader =
  <T>(schema: z.ZodType<T>, what: string) =>
  (value: unknown): T => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Refused(`admin-read answered no ${what}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
  };
