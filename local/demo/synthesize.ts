/** Has the assembly made, as for a deployment, without network and without credentials; what is unchanged is kept. */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const maker = join(root, "scripts/kept/main.ts");
/** Bundles and assemblies by the hash of what they were made from; it may be removed at any time. */
const store = join(root, ".lanyard/kept");
/** What V8 made of the sources, which Node keeps by their hash. */
export const compiledSources = join(store, "compiled");
const mostOutputCharacters = 4_000;

/** How to synthesize. */
interface SynthesizeOptions {
  /** Told before each step that takes time. */
  readonly onProgress: (text: string) => void;
  /** Ends it at once, with everything it started. */
  readonly signal?: AbortSignal;
  readonly stage?: string;
}

/** What was made. */
export interface Synthesized {
  /** The assembly's folder. */
  readonly assembly: string;
  /** Beside it, and gone with it: what V8 made of the functions' code. */
  readonly compiled: string;
}

/**
 * Makes the bundles and runs the app, or finds both as they were made from the very same files.
 * @returns where they are; throws with the tail of what the failing step printed
 */
export function synthesize({ onProgress, signal, stage = "local" }: SynthesizeOptions): Promise<Synthesized> {
  return new Promise((resolve, reject) => {
    // a group of its own: bundler and app end with it
    const child = spawn(process.execPath, [maker, store, stage], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_COMPILE_CACHE: compiledSources },
      detached: true,
    });
    const stop = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // it is gone already
      }
    };
    signal?.addEventListener("abort", stop);
    // detached, it would outlive this process
    process.on("exit", stop);
    let assembly: string | undefined;
    let tail = "";
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as { doing?: string; assembly?: string };
      if (said.doing !== undefined) onProgress(said.doing);
      assembly = said.assembly ?? assembly;
    });
    child.stderr.on("data", (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-mostOutputCharacters);
    });
    child.once("error", reject);
    // `close`, not `exit`: its last line must have been read
    child.once("close", (code) => {
      signal?.removeEventListener("abort", stop);
      process.off("exit", stop);
      if (signal?.aborted) reject(new Error("stopped while the stacks were being made"));
      else if (code === 0 && assembly !== undefined)
        resolve({ assembly, compiled: join(dirname(assembly), "compiled") });
      else reject(new Error(`the stacks could not be made: ${tail.trim() || `the maker ended with ${code}`}`));
    });
    if (signal?.aborted) stop();
  });
}
