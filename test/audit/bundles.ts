import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";

const vectors = new URL("../vectors/11-ocsf/", import.meta.url);

/** Reads one file of OCSF's vectors. */
export const load = (name: string) => JSON.parse(readFileSync(new URL(name, vectors), "utf8"));

/** Names of the classes that our events are of. */
export const classNames: Readonly<Record<number, string>> = {
  3002: "authentication",
  3003: "authorize_session",
  3004: "entity_management",
  6003: "api_activity",
};

/** Of 1.9.0 the state of eleven days before its release: what stands in it and in the release is what we write. */
const files = { "1.8.0": "ocsf-1.8.0.bundle.schema.json", "1.9.0": "ocsf-1.9.0-dev.bundle.schema.json" } as const;

const made = new Map<keyof typeof files, (className: string, event: unknown) => string>();

/** Validates events by a version's bundle. @returns why an event is not valid; empty where it is */
export function validIn(version: keyof typeof files): (className: string, event: unknown) => string {
  const known = made.get(version);
  if (known) return known;
  const bundle = load(files[version]);
  const ajv = new Ajv.default({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(bundle);
  const valid = (className: string, event: unknown): string => {
    const check = ajv.getSchema(`${bundle.$id}#/$defs/class__${className}`);
    if (!check) throw new Error(`no schema for ${className}`);
    return check(event) ? "" : ajv.errorsText(check.errors);
  };
  made.set(version, valid);
  return valid;
}
