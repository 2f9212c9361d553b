import type { CommandContext } from "../deployment/context.ts";
import { type Terminal, Usage } from "../terminal/outcome.ts";
import { writeFolder } from "./export.ts";
import { registrationJsonSchema } from "./json-schema.ts";
import { readRegistry } from "./read.ts";

/** Options of `export`. */
export interface ExportOptions {
  readonly version?: string;
  readonly json?: boolean;
}

/**
 * `export`: writes a version of the registry as a folder from which it could be applied.
 * @throws Usage for a version that does not exist, Refused for a folder that is not empty
 */
export async function runExport(
  directory: string,
  options: ExportOptions,
  { profile, terminal }: CommandContext,
): Promise<void> {
  const wanted = options.version === undefined ? undefined : wholeNumber(options.version);
  const { version, registrations: rows } = await readRegistry(profile, wanted);
  if (rows.length === 0) throw new Usage("no registry was applied yet");
  const files = await writeFolder(directory, rows);
  if (options.json) terminal.out(JSON.stringify({ ok: true, version, registrations: rows.length, files }));
  else terminal.out(`version ${version}: ${rows.length} registrations in ${files.length} files under ${directory}`);
}

const wholeNumber = (text: string): number => {
  if (!/^[1-9][0-9]{0,7}$/.test(text)) throw new Usage(`--version is a version's number, not ${JSON.stringify(text)}`);
  return Number(text);
};

/** `schema`: prints the JSON Schema of a registration, for editors. */
export function runSchema(terminal: Terminal): void {
  terminal.out(JSON.stringify(registrationJsonSchema(), null, 2));
}
