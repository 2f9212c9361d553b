import type { z } from "zod";
import { Refused } from "../terminal/outcome.ts";

/** Makes a reader for one kind of answer of admin-read; it throws Refused for a malformed one. */
export const reader =
  <T>(schema: z.ZodType<T>, what: string) =>
  (value: unknown): T => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Refused(`admin-read answered no ${what}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
  };
