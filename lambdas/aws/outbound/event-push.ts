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
 * Creates the way to receivers: POST over https to public addresses alone, nothing followed, the answer read up to its
 * bound, all of it within one time. A registration was checked when it was applied; a name may lead elsewhere since.
 * @param ownIssuer when it is itself on this machine (the embedded cloud), so may receivers be; there is no other switch
 */
export function createPusher(ownIssuer: string): Pusher {
  const loopbackAllowed = isLoopback(new URL(ownIssuer));
  return {
    async push(endpoint, token, authorization) {
      const target = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
      if (!target || !mayGo(target, loopbackAllowed)) return fail("forbidden_url", "https to a public host only");
      const signal = AbortSignal.timeout(limits.eventPushTimeoutMillis);
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
        if (signal.aborted) return fail("timeout", `after ${limits.eventPushTimeoutMillis} ms`);
        return fail("unreachable", (failure as { code?: string }).code ?? "no answer");
      }
    },
  };
}

/** The status decides; of the body only an error's code is of use, so one that is too long is left. */
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
