/** Exports that nobody imports. */
import type { Source } from "./source.ts";

/**
 * Every export that no other file of the repository takes by name or whole.
 * @param isEntry tells files whose exports are for the world outside: packages' entries, functions' handlers, configurations
 * @returns each as `file:line name`
 */
export function unimported(sources: readonly Source[], isEntry: (file: string) => boolean): readonly string[] {
  const taken = new Set<string>();
  for (const { imports } of sources)
    for (const { target, names } of imports) for (const name of names) taken.add(`${target} ${name}`);
  return sources.flatMap(({ file, exports }) =>
    isEntry(file) || taken.has(`${file} *`)
      ? []
      : exports.filter(({ name }) => !taken.has(`${file} ${name}`)).map(({ name, line }) => `${file}:${line} ${name}`),
  );
}
