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

/** As what a token is signed. */
interface SignedAs {
  readonly typ: string;
  /** Only where the reader expects a certain one; else the purpose's usual one is used. */
  readonly alg?: SigningAlgorithm;
  /** The session (or record) this signature belongs to, so that CloudTrail can be joined with our records. */
  readonly joinId: string;
}

/**
 * Signs a JWT of this deployment. Its header has exactly `alg`, `kid`, `typ`.
 * @returns the compact token, the `kid` of the key that signed it and the request id of the signing call
 */
export async function signJwt(
  signer: Signer,
  as: SignedAs,
  payload: JWTPayload,
): Promise<{ token: string; kid: string; requestId: string | undefined }> {
  const body = encode(payload);
  const signWith = async (goneKid?: string) => {
    const key = await signer.current(as.alg, goneKid);
    const { kid, alg } = key;
    const input = `${encode({ alg, kid, typ: as.typ })}.${body}`;
    const { signature, requestId } = await key.sign(Buffer.from(input, "ascii"), as.joinId);
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
