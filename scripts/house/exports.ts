/** Exports that nobody imports. */
import type { Source } from "./source.ts";

/**
 * Every export that no other file of the repository takes by name or whole. What is taken of `x.ts` is taken of `x.web.ts`
 * too: a bundler puts the one in the place of the other where there is no Node.
 * @param isEntry tells files whose exports are for the world outside: packages' entries, functions' handlers, configurations
 * @returns each as `file:line name`
 */
export function unimported(sources: readonly Source[], isEntry: (file: string) => boolean): readonly string[] {
  const taken = new Set<string>();
  for (const { imports } of sources)
    for (const { target, names } of imports) for (const name of names) taken.add(`${target} ${name}`);
  const isTaken = (file: string, name: string) =>
    taken.has(`${file} ${name}`) || taken.has(`${file.replace(/\.web\.ts$/, ".ts")} ${name}`);
  return sources.flatMap(({ file, exports }) =>
    isEntry(file) || isTaken(file, "*")
      ? []
      : exports.filter(({ name }) => !isTaken(file, name)).map(({ name, line }) => `${file}:${line} ${name}`),
  );
}
