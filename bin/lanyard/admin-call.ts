import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AdminRevokeRequest } from "../../core/wire.ts";
import { Refused } from "./outcome.ts";
import type { Profile } from "./profile.ts";

/** Longer than the function that writes the registry may run. */
const timeoutMillis = 65_000;

/** Whose Region and credentials a call is signed with. */
export type Signing = Pick<Profile, "dynamo">;

/**
 * Sends one order to the admin function, signed for service `lambda` (its URL takes IAM callers only).
 * @returns the answer's JSON
 * @throws Refused with status and the answer's error, or when it cannot be reached
 */
export const callAdmin = (profile: Profile, order: AdminRevokeRequest): Promise<Record<string, unknown>> =>
  callSigned(profile, profile.admin, { method: "POST", body: JSON.stringify(order) });

/**
 * Calls a function whose URL takes IAM callers only.
 * @returns the answer's JSON
 * @throws Refused with status and the answer's error, or when it cannot be reached
 */
export async function callSigned(
  profile: Signing,
  address: string,
  { method, body }: { readonly method: "GET" | "POST" | "PUT" | "PATCH"; readonly body?: string },
): Promise<Record<string, unknown>> {
  const url = new URL(address);
  const onThisMachine =
    ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname) || url.hostname.endsWith(".localhost");
  // the signed request carries the operator's session token
  if (url.protocol !== "https:" && !onThisMachine) throw new Refused(`the admin URL must be https: ${address}`);
  const signer = new SignatureV4({
    service: "lambda",
    region: await profile.dynamo.config.region(),
    credentials: profile.dynamo.config.credentials,
    sha256: Sha256,
  });
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body }),
  });
  const { host: _, ...headers } = signed.headers; // fetch sets it, and it is the same
  const answer = await send(url, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await answer.text();
  const value = parse(text);
  if (answer.status === 200 || answer.status === 202) return value;
  const said = value.error_description ?? value.Message ?? value.message ?? `status ${answer.status}`;
  throw new Refused(`refused: ${String(said)}`, { status: answer.status, ...value });
}

const send = async (url: URL, request: RequestInit): Promise<Response> => {
  try {
    const signal = AbortSignal.timeout(timeoutMillis);
    return await fetch(url, { ...request, redirect: "error", signal });
  } catch (cause) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new Refused(`the admin function cannot be reached at ${url.origin}: ${why}`);
  }
};

const parse = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};
