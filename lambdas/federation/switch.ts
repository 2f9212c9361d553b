import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";

/** Where IAM is: one endpoint for all commercial Regions, signed as us-east-1. */
const host = "iam.amazonaws.com";

/** Credentials as Lambda's environment holds them. */
interface SwitchCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/**
 * Switches the account's outbound identity federation on; when it is on already, that is success.
 * @param send the network
 * @returns the account's own issuer of web identity tokens
 * @throws with IAM's error code when it refuses
 */
export async function enableFederation(credentials: SwitchCredentials, send: typeof fetch): Promise<string> {
  const enabled = await call("EnableOutboundWebIdentityFederation", credentials, send);
  if (enabled.ok) return issuerIn(enabled.body);
  // somebody switched it on before us: IAM answers 409 FeatureEnabled
  if (!/<Code>FeatureEnabled(Exception)?<\/Code>/.test(enabled.body)) throw refused(enabled);
  const info = await call("GetOutboundWebIdentityFederationInfo", credentials, send);
  if (!info.ok) throw refused(info);
  return issuerIn(info.body);
}

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly body: string;
}

async function call(action: string, credentials: SwitchCredentials, send: typeof fetch): Promise<Answer> {
  const body = new URLSearchParams({ Action: action, Version: "2010-05-08" }).toString();
  const signer = new SignatureV4({ service: "iam", region: "us-east-1", credentials, sha256: Sha256 });
  const { headers } = await signer.sign({
    method: "POST",
    protocol: "https:",
    hostname: host,
    path: "/",
    headers: { host, "content-type": "application/x-www-form-urlencoded" },
    body,
  });
  const response = await send(`https://${host}/`, {
    method: "POST",
    headers,
    body,
    redirect: "error",
    signal: AbortSignal.timeout(10_000),
  });
  return { ok: response.ok, status: response.status, body: (await response.text()).slice(0, 16_384) };
}

function issuerIn(body: string): string {
  const found = /<IssuerIdentifier>(https:\/\/[^<\s]+)<\/IssuerIdentifier>/.exec(body)?.[1];
  if (!found) throw new Error("iam answered without an issuer");
  return found;
}

function refused({ status, body }: Answer): Error {
  return new Error(`iam refused with ${status} ${/<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? "and no code"}`);
}
