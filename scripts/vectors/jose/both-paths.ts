import type { JWK } from "jose";
import { importKey } from "../../../core/jose/import-key.ts";
import { importKey as importKeyWeb } from "../../../core/jose/import-key.web.ts";

/** One signature without what carries it. */
export interface Signature {
  readonly key: JWK;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** What Node's verification and WebCrypto's say of a signature, in this order. */
export async function byBothPaths(alg: string, { key, message, signature }: Signature): Promise<readonly boolean[]> {
  const paths = [importKey, importKeyWeb].map(async (importing) => {
    const imported = await importing(alg, key);
    return (await imported?.verify(message, signature)) ?? false;
  });
  return Promise.all(paths);
}

/**
 * Whether a signature holds.
 * @throws Error when the two paths say different things: what one runtime takes, the other must
 */
export async function bothHold(alg: string, signed: Signature): Promise<boolean> {
  const [node, web] = await byBothPaths(alg, signed);
  if (node !== web) throw new Error(`of ${alg}, node:crypto says ${node} and WebCrypto ${web}`);
  return node === true;
}
