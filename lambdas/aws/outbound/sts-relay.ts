import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { Agent, request as requestHttps } from "node:https";
import type { StsAnswer, StsRelay } from "../../../core/attest/contract/aws.ts";
import { limits } from "../../../core/model/limits.ts";
import type { FetchFailure } from "../../../core/model/ports.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";

/**
 * Creates the relay to STS: `POST /` over TLS to the host from core's list, without redirects, with a bound on the
 * answer and one timeout for everything.
 * @param override another endpoint that acts as STS, named to the SDK by `AWS_ENDPOINT_URL_STS` or `AWS_ENDPOINT_URL`.
 * The connection goes there; the signed `Host` is not changed. It is a setting of the deployment, never of a request
 * @throws when the override is neither https nor on this machine: a server that answers as STS can name any caller
 */
export function createStsRelay(override: string | undefined): StsRelay {
  const place = override === undefined || override === "" ? undefined : new URL(override);
  if (place && place.protocol !== "https:" && !(place.protocol === "http:" && place.hostname === "127.0.0.1"))
    throw new Error("the endpoint of STS must be https, or http on 127.0.0.1");
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  return {
    async send({ host, headers, body }) {
      const signal = AbortSignal.timeout(limits.stsTimeoutMillis);
      const plain = place?.protocol === "http:";
      const options: RequestOptions = {
        ...(plain ? {} : { agent }),
        method: "POST",
        path: "/",
        host: place?.hostname ?? host,
        ...(place?.port ? { port: place.port } : {}),
        headers: { ...headers, host, "content-length": Buffer.byteLength(body), "accept-encoding": "identity" },
        signal,
      };
      try {
        return await readAnswer(await ask(plain, options, body));
      } catch (failure) {
        if (signal.aborted) return fail("timeout", `after ${limits.stsTimeoutMillis} ms`);
        return fail("unreachable", (failure as { code?: string }).code ?? "no answer");
      }
    },
  };
}

function ask(plain: boolean, options: RequestOptions, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = plain ? requestHttp(options, resolve) : requestHttps(options, resolve);
    request.on("error", reject);
    request.end(body);
  });
}

async function readAnswer(answer: IncomingMessage): Promise<Result<StsAnswer, FetchFailure>> {
  const status = answer.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    answer.destroy();
    return fail("redirect", `status ${status}`);
  }
  if ((answer.headers["content-encoding"] ?? "identity") !== "identity") {
    answer.destroy();
    return fail("status", "encoded though not asked for");
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > limits.stsAnswerBytes) return fail("too_large", `more than ${limits.stsAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return ok({ status, contentType: answer.headers["content-type"] ?? "", body: Buffer.concat(chunks) });
}

const fail = (why: FetchFailure["why"], detail: string) => err({ why, detail });
