import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { CallIam } from "../../core/endpoints/federation.ts";

/** IAM's host: one endpoint for all commercial Regions, signed as us-east-1. */
const host = "iam.amazonaws.com";

/** Credentials as Lambda's environment holds them. */
interface SwitchCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/**
 * Creates signed calls to IAM.
 * @param send the network
 */
export function iamCalls(credentials: SwitchCredentials, send: typeof fetch): CallIam {
  const signer = new SignatureV4({ service: "iam", region: "us-east-1", credentials, sha256: Sha256 });
  return async (action) => {
    const body = new URLSearchParams({ Action: action, Version: "2010-05-08" }).toString();
    const { headers } = await signer.sign({
      method: "POST",
      protocol: "https:",
      hostname: host,
      path: "/",
      headers: { host, "content-type": "application/x-www-form-urlencoded" },
      body,
    });
    const signal = AbortSignal.timeout(10_000);
    const response = await send(`https://${host}/`, { method: "POST", headers, body, redirect: "error", signal });
    const text = (await response.text()).slice(0, 16_384);
    const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1];
    const issuer = /<IssuerIdentifier>(https:\/\/[^<\s]+)<\/IssuerIdentifier>/.exec(text)?.[1];
    return {
      ok: response.ok,
      status: response.status,
      ...(code === undefined ? {} : { code }),
      ...(issuer === undefined ? {} : { issuer }),
    };
  };
}
