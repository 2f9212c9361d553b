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
 * The build puts Cedar's WebAssembly beside the bundle: only Cedar's build `/web` can be bundled, and it needs the
 * bytes from us. Without the file a function does not start.
 */
const file = new URL("./cedar_wasm_bg.wasm", import.meta.url);
accessSync(file);

/** Node has `WebAssembly`, but its type declarations do not name it. */
const { WebAssembly: engine } = globalThis as unknown as {
  readonly WebAssembly: { compile(bytes: Uint8Array): Promise<WebAssembly.Module> };
};

let compiled: WebAssembly.Module | undefined;
let ready = false;

/**
 * Compiles four megabytes on another thread after everything is imported, while the first call reads its rows, so that
 * a cold start does not wait for it. If this fails, the first question tries again and reports the error.
 */
setImmediate(async () => {
  try {
    compiled = await engine.compile(await readFile(file));
  } catch {}
});

/** Wraps a function of Cedar so that Cedar is loaded, at the latest, when it is first called. */
function loaded<Args extends readonly unknown[], Answer>(ask: (...args: Args) => Answer): (...args: Args) => Answer {
  return (...args) => {
    if (!ready) initSync({ module: compiled ?? readFileSync(file) });
    ready = true;
    compiled = undefined;
    return ask(...args);
  };
}

/** The functions of Cedar that core uses. */
export const cedar: CedarModule = {
  preparseSchema: loaded(preparseSchema),
  preparsePolicySet: loaded(preparsePolicySet),
  statefulIsAuthorized: loaded(statefulIsAuthorized),
  policyToJson: loaded(policyToJson),
  validate: loaded(validate),
};
