import type { IncomingMessage } from "node:http";
import type { Fetcher, FetchFailure } from "../../../core/model/ports.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";
import { readBody } from "./answer-body.ts";
import { mayGo, send } from "./outbound.ts";
import { PrivateAddress } from "./public-address.ts";

type Fetched = Result<{ readonly body: Uint8Array; readonly maxAgeSeconds?: number }, FetchFailure>;

/**
 * GET over https to a public address, without redirects (one could lead to an address that the caller's allow-list
 * would refuse), read as a stream up to the bound, with one timeout for everything.
 * @param loopbackAllowed whether an address on this machine is accepted too
 */
export async function get(
  url: string,
  bounds: Parameters<Fetcher["get"]>[1],
  loopbackAllowed: boolean,
): Promise<Fetched> {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (!target || !mayGo(target, loopbackAllowed)) return fail("forbidden_url", "https to a public host only");
  const signal = AbortSignal.timeout(bounds.timeoutMillis);
  try {
    return await readAnswer(await send(target, { method: "GET", headers, signal }), bounds.maxBytes);
  } catch (failure) {
    if (failure instanceof PrivateAddress) return fail("forbidden_url", failure.message);
    if (signal.aborted) return fail("timeout", `after ${bounds.timeoutMillis} ms`);
    return fail("unreachable", (failure as { code?: string }).code ?? "no answer");
  }
}

const headers = { accept: "application/json, application/jwk-set+json", "accept-encoding": "identity" };

async function readAnswer(answer: IncomingMessage, maxBytes: number): Promise<Fetched> {
  const status = answer.statusCode ?? 0;
  if (status !== 200) {
    answer.destroy();
    return fail(status >= 300 && status < 400 ? "redirect" : "status", `status ${status}`);
  }
  const body = await readBody(answer, maxBytes);
  if (body === "too_large") return fail("too_large", `more than ${maxBytes} bytes`);
  if (body === "unknown_coding") return fail("status", "in a coding that was not asked for and is not known");
  const age = /(?:^|[,\s])max-age=(\d{1,9})(?:$|[,\s])/i.exec(answer.headers["cache-control"] ?? "")?.[1];
  return ok({ body, ...(age === undefined ? {} : { maxAgeSeconds: Number(age) }) });
}

const fail = (why: FetchFailure["why"], detail: string) => err({ why, detail });
