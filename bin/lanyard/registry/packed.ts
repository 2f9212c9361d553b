import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { registryDigest } from "../../../core/registry/digest.ts";
import { validateRegistry } from "../../../core/registry/validate.ts";
import { readRegistryFolder } from "./folder.ts";
import { RegistryInvalid } from "./plan.ts";

/** A registry's folder as a deployment contains it. */
interface PackedRegistry {
  /** `registry.json` beside the function that applies it. */
  readonly json: string;
  /** Digest of the registrations; a change of it causes a deployment. */
  readonly digest: string;
}

/**
 * Placeholder for the issuer, whose URL is not known before it is deployed; the function checks the folder with the
 * real one.
 */
const unknownIssuer = "https://issuer.invalid";

/**
 * Reads and validates a folder for a deployment.
 * @param variables values of `${...}` in its files
 * @throws RegistryInvalid with every problem, file and line
 */
export async function packRegistry(
  directory: string,
  variables: Readonly<Record<string, string>>,
  trustDomain: string,
): Promise<PackedRegistry> {
  const documents = await readRegistryFolder(directory, variables);
  if (!documents.ok) throw new RegistryInvalid(documents.error);
  const rows = validateRegistry(documents.value, { issuer: unknownIssuer, trustDomain, cedar });
  if (!rows.ok) throw new RegistryInvalid(rows.error);
  const digest = registryDigest(rows.value);
  const packed = rows.value.map((value, at) => {
    const { file, line } = documents.value[at] ?? { file: "", line: 1 };
    return { file, line, value };
  });
  return { json: JSON.stringify({ digest, documents: packed }), digest };
}
