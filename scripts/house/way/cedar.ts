/** Cedar for a function that runs from its sources: the same build as in the bundle, its bytes from the package. */
import { readFileSync } from "node:fs";
import * as cedarWeb from "@cedar-policy/cedar-wasm/web";

const bytes = new URL("./cedar_wasm_bg.wasm", import.meta.resolve("@cedar-policy/cedar-wasm/web"));
cedarWeb.initSync({ module: readFileSync(bytes) });

/** The loaded module, under the name that `lambdas/cedar-module.ts` has for it. */
export const cedar = cedarWeb;
