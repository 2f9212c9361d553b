import type { IncomingMessage } from "node:http";
import type { PushAnswer, Pusher } from "../../../core/events/push.ts";
import { limits } from "../../../core/model/limits.ts";
import type { FetchFailure } from "../../../core/model/ports.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";
import { readBody } from "./answer-body.ts";
import { isLoopback } from "./loopback.ts";
import { mayGo, send } from "./outbound.ts";
import { PrivateAddress } from "./public-address.ts";

/**
 * Creates the pusher to receivers: POST over https to public addresses only, without redirects, with a bound on the
 * answer and one timeout for everything. Registrations are checked when they are applied, but a name may resolve to
 * another address since (threat 31).
 * @param ownIssuer where it is on this machine (the embedded cloud), receivers may be too; there is no other switch
 * @param timeoutMillis bound on a whole push, answer included
 */
export function createPusher(ownIssuer: string, timeoutMillis: number = limits.eventPushTimeoutMillis): Pusher {
  const loopbackAllowed = isLoopback(new URL(ownIssuer));
  return {
    async push(endpoint, token, authorization) {
      const target = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
      if (!target || !mayGo(target, loopbackAllowed)) return fail("forbidden_url", "https to a public host only");
      const signal = AbortSignal.timeout(timeoutMillis);
      const headers = {
        "content-type": "application/secevent+jwt",
        "content-length": Buffer.byteLength(token),
        accept: "application/json",
        "accept-encoding": "identity",
        ...(authorization === undefined ? {} : { authorization }),
      };
      try {
        return await readAnswer(await send(target, { method: "POST", headers, signal }, token));
      } catch (failure) {
        if (failure instanceof PrivateAddress) return fail("forbidden_url", failure.message);
        if (signal.aborted) return fail("timeout", `after ${timeoutMillis} ms`);
        return fail("unreachable", (failure as { code?: string }).code ?? "no answer");
      }
    },
  };
}

/** The status decides. The body is only needed for an error's code, so one that is too long is ignored. */
async function readAnswer(answer: IncomingMessage): Promise<Result<PushAnswer, FetchFailure>> {
  const status = answer.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    answer.destroy();
    return fail("redirect", `status ${status}`);
  }
  if (status !== 400) {
    answer.destroy();
    return ok({ status, body: "" });
  }
  const body = await readBody(answer, limits.eventAnswerBytes);
  return ok({ status, body: typeof body === "string" ? "" : body.toString("utf8") });
}

const fail = (why: FetchFailure["why"], detail: string) => err({ why, detail });
