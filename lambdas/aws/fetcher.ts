import type { Fetcher, FetchFailure } from "../../core/ports.ts";
import { err, ok, type Result } from "../../core/result.ts";

type Fetched = Result<{ readonly body: Uint8Array; readonly maxAgeSeconds?: number }, FetchFailure>;

/**
 * Creates the only way out: GET without redirects (one would lead past the allow-list of the caller, to metadata
 * endpoints for instance), read as a stream up to the bound, within one time for all of it.
 * @param ownIssuer when it is itself on this machine (the embedded cloud), so may others be; otherwise https alone
 */
export function createFetcher(ownIssuer: string): Fetcher {
  const loopbackAllowed = isLoopback(new URL(ownIssuer));
  return {
    async get(url, bounds) {
      const target = URL.canParse(url) ? new URL(url) : undefined;
      if (!target || !(target.protocol === "https:" || (loopbackAllowed && isLoopback(target))))
        return fail("forbidden_url", "https only");
      if (target.username !== "" || target.password !== "") return fail("forbidden_url", "no user in the URL");
      try {
        const answer = await fetch(target, {
          redirect: "manual",
          signal: AbortSignal.timeout(bounds.timeoutMillis),
          headers: { accept: "application/json, application/jwk-set+json" },
        });
        return await readAnswer(answer, bounds.maxBytes);
      } catch (failure) {
        const late = failure instanceof Error && (failure.name === "TimeoutError" || failure.name === "AbortError");
        return late ? fail("timeout", `after ${bounds.timeoutMillis} ms`) : fail("unreachable", causeOf(failure));
      }
    },
  };
}

async function readAnswer(answer: Response, maxBytes: number): Promise<Fetched> {
  if (answer.status !== 200) {
    await answer.body?.cancel();
    return answer.status >= 300 && answer.status < 400
      ? fail("redirect", `status ${answer.status}`)
      : fail("status", `status ${answer.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // counted after decompression: a small answer must not unpack to gigabytes
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) return fail("too_large", `more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const age = /(?:^|[,\s])max-age=(\d{1,9})(?:$|[,\s])/i.exec(answer.headers.get("cache-control") ?? "")?.[1];
  return ok({ body: Buffer.concat(chunks), ...(age === undefined ? {} : { maxAgeSeconds: Number(age) }) });
}

const isLoopback = (url: URL): boolean => url.protocol === "http:" && url.hostname === "127.0.0.1";

const fail = (why: FetchFailure["why"], detail: string) => err({ why, detail });

const causeOf = (failure: unknown): string => {
  const cause = failure instanceof Error ? (failure.cause ?? failure) : failure;
  return (cause as { code?: string }).code ?? "no answer";
};
