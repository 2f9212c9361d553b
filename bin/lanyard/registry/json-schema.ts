import { z } from "zod";
import { registrationSchema } from "../../../core/registry/schema.ts";

/**
 * The JSON Schema (2020-12) of one registration as it is written in a file, for editors: made from the same schema that
 * `apply` checks with. A placeholder is accepted wherever a text is.
 */
export function registrationJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    title: "Lanyard registration",
    description: "One document of a registry's folder; a file may hold several, separated by ---",
    ...z.toJSONSchema(registrationSchema, { io: "input", unrepresentable: "any" }),
  };
}
