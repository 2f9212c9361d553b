import { resolved } from "../resolved.ts";
import { synthesized } from "../synthesized.ts";

export const { templates } = synthesized({ dpopNonces: ["attest", "token", "introspect", "revoke"] });
export const { Audit } = templates;
export const read = (value: unknown) => resolved(templates, "Audit", value);
