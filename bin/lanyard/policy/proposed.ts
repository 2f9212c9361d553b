import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { RegistryProblem } from "../../../core/model/registry-document.ts";
import { createSnapshot, type RegistrySnapshot } from "../../../core/model/snapshot.ts";
import { validateRegistry } from "../../../core/registry/validate.ts";
import { readRegistryFolder } from "../registry/folder.ts";
import { Refused } from "../terminal/outcome.ts";

/**
 * A folder of registrations, and the values it is read with: the deployment's names and the values of its placeholders.
 */
export interface ProposedFolder {
  readonly directory: string;
  readonly issuer: string;
  readonly trustDomain: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** A problem as one line: file, line, path, what is wrong. */
const problemLine = ({ file, line, path, message }: RegistryProblem): string =>
  `${file}:${line}: ${path === "" ? "" : `${path}: `}${message}`;

/** The refusal for a folder that is not a valid registry. */
export const invalid = (problems: readonly RegistryProblem[]): Refused =>
  new Refused(problems.map(problemLine).join("\n"), { code: "registry_invalid", problems });

/**
 * Reads a folder as the registry it proposes.
 * @throws Refused with every problem, each with file and line
 */
export async function readProposed(folder: ProposedFolder): Promise<RegistrySnapshot> {
  const { directory, variables, issuer, trustDomain } = folder;
  const documents = await readRegistryFolder(directory, variables);
  if (!documents.ok) throw invalid(documents.error);
  const rows = validateRegistry(documents.value, { issuer, trustDomain, cedar });
  if (!rows.ok) throw invalid(rows.error);
  return createSnapshot(0, trustDomain, rows.value);
}
