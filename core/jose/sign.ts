import type { JWTPayload } from "jose";
import type { Signer, SigningAlgorithm } from "../model/ports.ts";

const encode = (value: object): string => Buffer.from(JSON.stringify(value), "utf8").toString("base64url");

/** The chosen key was disabled or deleted between choosing and signing, as happens in an emergency rotation. */
export class SigningKeyGone extends Error {
  override readonly name = "SigningKeyGone";
  readonly kid: string;
  constructor(kid: string, options?: ErrorOptions) {
    super(`key ${kid} signs no longer`, options);
    this.kid = kid;
  }
}

/**
 * Signs a JWT of this deployment. Its header has exactly `alg`, `kid`, `typ`.
 * @param header `alg` only where the reader expects a certain one; else the purpose's usual one is used
 * @param joinId session (or record) this signature belongs to, so that CloudTrail can be joined with our records
 * @returns the compact token, the `kid` of the key that signed it and the request id of the signing call
 */
export async function signJwt(
  signer: Signer,
  header: { readonly typ: string; readonly alg?: SigningAlgorithm },
  payload: JWTPayload,
  joinId: string,
): Promise<{ token: string; kid: string; requestId: string | undefined }> {
  const body = encode(payload);
  const signWith = async (goneKid?: string) => {
    const key = await signer.current(header.alg, goneKid);
    const { kid, alg } = key;
    const input = `${encode({ alg, kid, typ: header.typ })}.${body}`;
    const { signature, requestId } = await key.sign(Buffer.from(input, "ascii"), joinId);
    return { token: `${input}.${Buffer.from(signature).toString("base64url")}`, kid, requestId };
  };
  try {
    return await signWith();
  } catch (failure) {
    // the only failure that another key can repair. The header must name the new key, so header and signature are made
    // again
    if (failure instanceof SigningKeyGone) return signWith(failure.kid);
    throw failure;
  }
}
