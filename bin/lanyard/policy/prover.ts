import { spawn } from "node:child_process";
import type { Prover } from "./prove.ts";

/** Where the prover is looked for, and how long and how much it may answer. */
const bounds = { milliseconds: 180_000, bytes: 4_194_304 };

/**
 * The prover as a program: of a name, it is looked for on the path.
 * @param command the program, `lanyard-prove` unless somebody says otherwise
 */
export const createProver =
  (command: string, env: NodeJS.ProcessEnv): Prover =>
  (question) =>
    new Promise((answer, fail) => {
      const program = spawn(command, [], { env, stdio: ["pipe", "pipe", "ignore"], timeout: bounds.milliseconds });
      let text = "";
      program.stdout.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        if (text.length <= bounds.bytes) return;
        // what it has started may write on
        program.stdout.destroy();
        program.kill("SIGKILL");
      });
      // it may end before it has read everything; how it ended is told below
      program.stdin.on("error", () => {});
      program.on("error", (cause: NodeJS.ErrnoException) =>
        fail(
          new Error(
            cause.code === "ENOENT" ? `there is no ${command} (docs/policies.md says how to have it)` : cause.message,
          ),
        ),
      );
      program.on("close", (code, signal) => {
        if (code === 0) answer(text);
        else
          fail(
            new Error(
              `${command} ended ${signal ? `by ${signal}, after ${bounds.milliseconds / 1000} seconds at most` : `with code ${code}`}`,
            ),
          );
      });
      program.stdin.end(question);
    });
