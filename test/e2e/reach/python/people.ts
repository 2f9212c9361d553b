import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { graceSignsIn } from "../../../../local/demo/story/grace.ts";
import type { World } from "../../../../local/demo/story/world.ts";
import type { Told } from "./told.ts";

/** What Grace says to one request after the other. */
const verdicts = ["approve", "refuse"] as const;

/** Runs the deployer's program; Grace decides what it asks, as IAM proves her, and it hears that she did. */
export async function asksPeople(
  program: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  world: World,
): Promise<{ readonly code: number | null; readonly steps: readonly Told[]; readonly said: string }> {
  const grace = await graceSignsIn(world);
  const child = spawn(program, ["people.py"], { ...options, stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  let said = "";
  child.stderr.on("data", (part: Buffer) => {
    said += part.toString();
  });
  const steps: Told[] = [];
  let asked = 0;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const step = JSON.parse(line) as Told;
      steps.push(step);
      if (step.step !== "waiting") continue;
      const verdict = verdicts[asked++] ?? "refuse";
      await grace.say(String(step.id), verdict, await grace.look(String(step.id)));
      child.stdin.write("decided\n");
    }
    return { code: await ended, steps, said };
  } finally {
    child.kill();
  }
}
