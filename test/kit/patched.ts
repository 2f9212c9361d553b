/** Applies a unified diff of one file as `patch` does, and fails where a line is not what the diff says. */
export function patched(text: string, diff: readonly string[]): string {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const out: string[] = [];
  let at = 0;
  for (const [n, line] of diff.entries()) {
    const head = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line);
    if (n < 2 || line.startsWith("\\")) continue;
    if (head) {
      const from = Number(head[1]) - (head[2] === "0" ? 0 : 1);
      out.push(...lines.slice(at, from));
      at = from;
      if (out.length !== Number(head[3]) - (head[4] === "0" ? 0 : 1))
        throw new Error(`a hunk at the wrong line: ${line}`);
      continue;
    }
    const whole = line.slice(1) + (diff[n + 1]?.startsWith("\\") ? "" : "\n");
    if (!line.startsWith("+") && lines[at++] !== whole) throw new Error(`the file has no such line: ${line}`);
    if (!line.startsWith("-")) out.push(whole);
  }
  return [...out, ...lines.slice(at)].join("");
}
