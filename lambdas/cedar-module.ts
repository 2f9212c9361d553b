import { accessSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import {
  initSync,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
} from "@cedar-policy/cedar-wasm/web";
import type { CedarModule } from "../core/policy/ask.ts";

/**
 * The build puts it beside the bundle: of Cedar's builds only `/web` survives bundling, and it takes its bytes from us.
 * Without it a function does not start.
 */
const file = new URL("./cedar_wasm_bg.wasm", import.meta.url);
accessSync(file);

/** Node has it; its types name only what it makes. */
const { WebAssembly: engine } = globalThis as unknown as {
  readonly WebAssembly: { compile(bytes: Uint8Array): Promise<WebAssembly.Module> };
};

let compiled: WebAssembly.Module | undefined;
let ready = false;

/**
 * Compiles on another thread once everything is imported, while the first call still reads its rows: four megabytes that a
 * cold start would wait for. What fails here is tried again, aloud, by the first question.
 */
setImmediate(async () => {
  try {
    compiled = await engine.compile(await readFile(file));
  } catch {}
});

/** Cedar as loaded, at the latest when it is first asked. */
function loaded<Args extends readonly unknown[], Answer>(ask: (...args: Args) => Answer): (...args: Args) => Answer {
  return (...args) => {
    if (!ready) initSync({ module: compiled ?? readFileSync(file) });
    ready = true;
    compiled = undefined;
    return ask(...args);
  };
}

/** What core asks of Cedar. */
export const cedar: CedarModule = {
  preparseSchema: loaded(preparseSchema),
  preparsePolicySet: loaded(preparsePolicySet),
  statefulIsAuthorized: loaded(statefulIsAuthorized),
  policyToJson: loaded(policyToJson),
  validate: loaded(validate),
};
