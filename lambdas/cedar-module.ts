import { readFileSync } from "node:fs";
import * as cedarWeb from "@cedar-policy/cedar-wasm/web";
import type { CedarModule } from "../core/policy/ask.ts";

/**
 * Cedar, loaded while the function starts. The build puts `cedar_wasm_bg.wasm` beside the bundle: of Cedar's builds
 * only `/web` survives bundling, and it takes its bytes from us.
 */
function load(): CedarModule {
  cedarWeb.initSync({ module: readFileSync(new URL("./cedar_wasm_bg.wasm", import.meta.url)) });
  return cedarWeb;
}

/** The loaded module. */
export const cedar: CedarModule = load();
