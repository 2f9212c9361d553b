import { setTimeout as sleep } from "node:timers/promises";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AdminRevokeRequest } from "../../../core/model/wire.ts";
import { Refused } from "../terminal/outcome.ts";
import { isCallable, regionOf } from "./function-url.ts";
import type { Profile } from "./profile.ts";
import { hintFor, unreachable } from "./unreachable.ts";

/** Longer than the function that writes the registry may run; much longer on this machine, which may be slow. */
const timeoutMillis = { aws: 65_000, local: 600_000 } as const;

/** How often a read is tried, and the longest pause between two tries. */
const triesMost = 4;
const pauseMillisMost = 10_000;

/** Whose Region and credentials a call is signed with, and the kind of deployment, for messages. */
export type Signing = Pick<Profile, "dynamo"> & Partial<Pick<Profile, "kind">>;

/**
 * Sends one order to the admin function, signed for service `lambda` (its URL admits only IAM callers).
 * @returns the answer's JSON
 * @throws Refused with status and the answer's error, or when it cannot be reached
 */
export const callAdmin = (profile: Profile, order: AdminRevokeRequest): Promise<Record<string, unknown>> =>
  callSigned(profile, profile.admin, { method: "POST", body: JSON.stringify(order) });

/**
 * Calls a function whose URL admits only IAM callers.
 * @returns the answer's JSON
 * @throws Refused with status and the answer's error, or when it cannot be reached
 */
export async function callSigned(
  profile: Signing,
  address: string,
  { method, body }: { readonly method: "GET" | "POST" | "PUT" | "PATCH"; readonly body?: string },
): Promise<Record<string, unknown>> {
  const url = new URL(address);
  // the signed request contains the operator's session token
  if (!isCallable(address)) throw new Refused(`the admin URL must be https: ${address}`);
  const signer = new SignatureV4({
    service: "lambda",
    // a function accepts only requests signed for its own Region, whatever Region the environment names
    region: regionOf(address) ?? (await profile.dynamo.config.region()),
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
  const { host: _, ...headers } = signed.headers; // fetch sets the same header itself
  const request = { method, headers, ...(body === undefined ? {} : { body }) };
  const answer = await send(url, request, profile.kind ?? "aws");
  const value = parse(await answer.text());
  if (answer.status === 200 || answer.status === 202) return value;
  const said = value.error_description ?? value.Message ?? value.message ?? `status ${answer.status}`;
  const hint = hintFor(answer.status, value, url);
  throw new Refused(`refused: ${String(said)}${hint === undefined ? "" : `; ${hint}`}`, {
    status: answer.status,
    ...value,
  });
}

/**
 * Sends a request; a read that got no answer is sent again, and so is an order whose answer says that it was not
 * carried out.
 */
async function send(url: URL, request: RequestInit & { method: string }, kind: Profile["kind"]): Promise<Response> {
  for (let tried = 1; ; tried++) {
    const answer = await once(url, request, kind);
    const mayRepeat = request.method === "GET" ? [429, 502, 503, 504] : [429, 503];
    if (tried === triesMost || !mayRepeat.includes(answer.status)) return answer;
    const asked = Number(answer.headers.get("retry-after")) * 1000;
    await answer.arrayBuffer();
    await sleep(Math.min(pauseMillisMost, asked > 0 ? asked : 250 * 2 ** tried));
  }
}

async function once(url: URL, request: RequestInit, kind: Profile["kind"]): Promise<Response> {
  try {
    return await fetch(url, { ...request, redirect: "error", signal: AbortSignal.timeout(timeoutMillis[kind]) });
  } catch (cause) {
    throw unreachable(url, cause, kind);
  }
}

const parse = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};
