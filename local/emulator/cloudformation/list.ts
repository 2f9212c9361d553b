import type { Json } from "../service.ts";

/** Members of a list of a template's; none where there is no list. */
export function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
