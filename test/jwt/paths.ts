import { importKey } from "../../core/jose/import-key.ts";
import { importKey as importKeyWeb } from "../../core/jose/import-key.web.ts";
import { createKeyMemory, type KeyMemory } from "../../core/jose/key-memory.ts";

/** What verifies signatures, where there is Node and where there is none. */
export const paths: readonly { readonly path: string; readonly keyMemory: KeyMemory }[] = [
  { path: "node:crypto", keyMemory: createKeyMemory(importKey) },
  { path: "WebCrypto", keyMemory: createKeyMemory(importKeyWeb) },
];
