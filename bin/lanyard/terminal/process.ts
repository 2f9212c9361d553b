import { createInterface } from "node:readline/promises";
import type { Terminal } from "./outcome.ts";

/**
 * The process's own terminal. Answers go to standard output. Questions, progress and remarks go to standard error, so
 * that a program reads only the answer.
 *
 * The reader of the output may go away at any time (`| head`, a pager that is closed). This is not a failure: a command
 * that only reads ends at once, with 0 and without a message. A command that is making a change finishes it, and its
 * exit code tells the outcome.
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
  const read = async (question: string): Promise<string> => {
    const lines = createInterface({ input: stdin, output: stderr });
    // the end of input is not an answer; without this the question would stay open for ever
    const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const answer = await Promise.race([lines.question(`${question} `), ended]);
    lines.close();
    return answer.trim();
  };
  const ask = async (question: string): Promise<boolean> => /^y(es)?$/i.test(await read(`${question} [y/N]`));
  return {
    out: (line) => void (hasReader && stdout.write(`${line}\n`)),
    err: (line) => void stderr.write(`${line}\n`),
    committing() {
      isCommitted = true;
    },
    ...(stdout.isTTY ? { columns: stdout.columns, clear: () => void stdout.write("\u001b[H\u001b[2J\u001b[3J") } : {}),
    ...(stderr.isTTY ? { progress: (text: string) => void stderr.write(`\r\u001b[K${text}`) } : {}),
    ...(stdin.isTTY && stderr.isTTY ? { ask, read } : {}),
  };
}
