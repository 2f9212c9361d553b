import { resolved } from "../resolved.ts";
import { synthesized } from "../synthesized.ts";

export const { templates } = synthesized();
export const { Service, Issuer } = templates;
export const read = (value: unknown) => resolved(templates, "Service", value);
export const logical = (value: unknown) => JSON.stringify(value);
