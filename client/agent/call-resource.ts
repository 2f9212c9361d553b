import { nowSeconds } from "../../core/model/ports.ts";
import type { AccessToken } from "./access-token.ts";
import type { ProvedCallDeps } from "./proved-call.ts";

/** A request to a resource server, and the access token it goes with. */
interface ResourceCall {
  /** Already checked by {@link addressWithin} against the token's resource. */
  readonly address: URL;
  readonly access: AccessToken;
  readonly init: RequestInit;
}

/**
 * Calls a resource server: with the DPoP scheme and a proof for this request (RFC 9449 7), or with the Bearer scheme
 * where the token is one. When the answer demands a nonce (RFC 9449 9), it sends the request once more, if the body can
 * be sent again.
 */
export async function callResource({ address, access, init }: ResourceCall, deps: ProvedCallDeps): Promise<Response> {
  const url = address.href;
  const method = (init.method ?? "GET").toUpperCase();
  const headers = new Headers(init.headers);
  headers.set("authorization", `${access.tokenType} ${access.token}`);
  // a redirect would carry token and proof to an address that the resource server chose
  const send = () => deps.fetch(url, { ...init, method, headers, redirect: "manual" });
  if (access.tokenType === "Bearer") {
    headers.delete("dpop");
    return send();
  }
  const attempt = async (nonce: string | undefined): Promise<Response> => {
    const proof = { method, url, nowSeconds: nowSeconds(deps.clock), accessToken: access.token };
    headers.set("dpop", await deps.key.prove({ ...proof, ...(nonce === undefined ? {} : { nonce }) }));
    return send();
  };
  const first = await attempt(deps.nonces.of(url));
  const nonce = deps.nonces.note(url, first.headers);
  if (nonce === undefined || !wantsNonce(first) || init.body instanceof ReadableStream) return first;
  await first.body?.cancel();
  const second = await attempt(nonce);
  deps.nonces.note(url, second.headers);
  return second;
}

/** API Gateway renames the challenge of a function behind a REST API; under either name it is the resource's own. */
const challengeNames = ["www-authenticate", "x-amzn-remapped-www-authenticate"] as const;

const wantsNonce = ({ status, headers }: Response): boolean =>
  status === 401 &&
  challengeNames.some((name) => /\bdpop\b.*\berror="?use_dpop_nonce\b/i.test(headers.get(name) ?? ""));
