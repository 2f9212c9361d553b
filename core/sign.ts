import type { JWTPayload } from "jose";
import type { Signer } from "./ports.ts";

const encode = (value: object): string => Buffer.from(JSON.stringify(value), "utf8").toString("base64url");

/**
 * Signs a JWT of ours with ES256; its header is exactly `alg`, `kid`, `typ`.
 * @param joinId session (or record) this signature belongs to, so that CloudTrail joins
 * @returns the compact token, the `kid` it was signed by and the request id of the signing call
 */
export async function signJwt(
  signer: Signer,
  header: { readonly typ: string },
  payload: JWTPayload,
  joinId: string,
): Promise<{ token: string; kid: string; requestId: string | undefined }> {
  const { kid, alg } = await signer.publicKey();
  const input = `${encode({ alg, kid, typ: header.typ })}.${encode(payload)}`;
  const { signature, requestId } = await signer.sign(Buffer.from(input, "ascii"), joinId);
  return { token: `${input}.${Buffer.from(signature).toString("base64url")}`, kid, requestId };
}
