import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Credentials } from "../endpoints.ts";

/** Who calls, and what is sent. */
interface SignedCall {
  readonly credentials: Credentials;
  readonly region: string;
  /** Posted as JSON; without it the call is a GET. */
  readonly content?: object;
}

/** An answer in JSON. */
export interface SignedAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A call that IAM authenticates: Signature Version 4 for service `lambda`. */
export async function signedCall(url: string, { credentials, region, content }: SignedCall): Promise<SignedAnswer> {
  const { protocol, hostname, port, host, pathname: path } = new URL(url);
  const method = content ? "POST" : "GET";
  const body = content && JSON.stringify(content);
  const signer = new SignatureV4({ credentials, region, service: "lambda", sha256: Sha256 });
  const headers = { host, ...(body && { "content-type": "application/json" }) };
  const request = { method, protocol, hostname, port: Number(port), path, headers, ...(body && { body }) };
  const { host: _, ...sent } = (await signer.sign(request)).headers;
  const answer = await fetch(url, { method, headers: sent, ...(body && { body }) });
  return { status: answer.status, body: (await answer.json()) as SignedAnswer["body"] };
}

/** A function that was cut off answers 502 in the platform's own words: the same may be tried again. */
export const mayPass = ({ status }: SignedAnswer): boolean => status === 503 || status === 502 || status === 429;
