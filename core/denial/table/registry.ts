import type { RegistryProblem } from "../../model/registry-document.ts";
import type { Rows } from "../row.ts";

/** Refusals about changes of the registry, each with its facts. */
export type RegistryDenial =
  | { readonly code: "registry_invalid"; readonly problems: readonly RegistryProblem[] }
  | { readonly code: "registry_stale"; readonly base: number; readonly applied: number }
  | { readonly code: "version_unknown"; readonly version: number };

/** What auditors and callers are told of each. */
export const registryDenials: Rows<RegistryDenial> = {
  registry_invalid: {
    rule: "a registry is valid as a whole or not at all",
    missing: (d) =>
      d.problems
        .slice(0, 5)
        .map(({ file, path, message }) => `${file} ${path}: ${message}`)
        .join("; "),
    answer: {
      status: 422,
      error: "registry_invalid",
      description: (d) => `nothing was written: ${d.problems.length} problems`,
    },
  },
  registry_stale: {
    rule: "a change is made against the current version",
    missing: (d) => `version ${d.base}; now it is ${d.applied}`,
    answer: {
      status: 409,
      error: "registry_stale",
      description: (d) => `the registry is at version ${d.applied}, not ${d.base}: look at the plan again`,
    },
  },
  version_unknown: {
    rule: "versions that were applied",
    missing: (d) => `version ${d.version}`,
    answer: {
      status: 404,
      error: "not_found",
      description: (d) => `there is no version ${d.version} of the registry`,
    },
  },
};
