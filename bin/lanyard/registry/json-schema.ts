import { z } from "zod";
import { registrationSchema } from "../../../core/registry/schema.ts";

/**
 * The JSON Schema (2020-12) of one registration as it is written in a file, for editors: made from the very schema that
 * `apply` checks with. A placeholder is a text wherever a text may stand.
 */
export function registrationJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    title: "Lanyard registration",
    description: "One document of a registry's folder; a file may hold several, separated by ---",
    ...z.toJSONSchema(registrationSchema, { io: "input", unrepresentable: "any" }),
  };
}
