/** How fast this machine is now, beside whatever else runs on it. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";

/** Two processes on a quiet machine of two cores take this long for the work below, Node's start included. */
const referenceSeconds = 0.55;
const referenceCores = 2;
const work = `
  const { createHash } = require("node:crypto");
  const block = Buffer.alloc(1 << 20, 7);
  let sum = 0;
  for (let i = 0; i < 120; i++) createHash("sha512").update(block).digest();
  for (let i = 0; i < 3e7; i++) sum = (sum * 31 + i) | 0;
  process.exitCode = sum === 0.5 ? 1 : 0;
`;

/**
 * Has each core, two at most, do the same small work in a process of its own.
 * @returns how many times longer all of the work took than on a quiet machine of two cores; 1 where it was no longer
 */
export async function measureSlowness(): Promise<number> {
  const processes = Math.min(referenceCores, availableParallelism());
  const started = performance.now();
  await Promise.all(Array.from({ length: processes }, once));
  const seconds = (performance.now() - started) / 1000;
  return Math.max(1, (seconds / referenceSeconds) * (referenceCores / processes));
}

function once(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--eval", work], { stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`the measure ended with ${code}`))));
  });
}
