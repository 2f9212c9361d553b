import { createInterface } from "node:readline/promises";
import type { Terminal } from "./outcome.ts";

/**
 * The process's own terminal. Answers go to standard output; questions, progress and what is said beside an answer to
 * standard error, so that a program reads the answer alone.
 *
 * Whoever reads along may leave at any moment (`| head`, a pager that is closed). That is no failure: a command that looks
 * ends at once, with 0 and without a word. One that is changing something goes on to its end, and its exit code says what
 * came of it.
 */
export function openTerminal({ stdin, stdout, stderr, exit }: typeof process): Terminal {
  let isCommitted = false;
  let hasReader = true;
  const isGone = (cause: NodeJS.ErrnoException) => cause.code === "EPIPE" || cause.code === "EBADF";
  stdout.on("error", (cause: NodeJS.ErrnoException) => {
    if (!isGone(cause)) throw cause;
    hasReader = false;
    if (!isCommitted) exit(0);
  });
  stderr.on("error", (cause: NodeJS.ErrnoException) => {
    if (!isGone(cause)) throw cause;
  });
  const ask = async (question: string): Promise<boolean> => {
    const lines = createInterface({ input: stdin, output: stderr });
    // end of input is no yes: without this the question would stay open for ever
    const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    lines.close();
    return /^y(es)?$/i.test(answer.trim());
  };
  return {
    out: (line) => void (hasReader && stdout.write(`${line}\n`)),
    err: (line) => void stderr.write(`${line}\n`),
    committing() {
      isCommitted = true;
    },
    ...(stdout.isTTY ? { columns: stdout.columns, clear: () => void stdout.write("\u001b[H\u001b[2J\u001b[3J") } : {}),
    ...(stderr.isTTY ? { progress: (text: string) => void stderr.write(`\r\u001b[K${text}`) } : {}),
    ...(stdin.isTTY && stderr.isTTY ? { ask } : {}),
  };
}
