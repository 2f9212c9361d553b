import { messageOf } from "../mcp/body.ts";
import { isGiven, type Message, openMethods } from "../mcp/needs.ts";
import { AccessError } from "../resource/access-error.ts";
import type { Cost } from "../resource/cost.ts";
import { release } from "../resource/reservation.ts";
import { codes, type InterceptorAnswer, passedOn, refusal, refusedAccess, refusedCall } from "./agentcore-answers.ts";
import { createGateway, type GatewayInput } from "./gateway.ts";
import type { ToolCall } from "./tool-call.ts";

/** Input of {@link createAgentCoreInterceptor}: that of a gateway's guard, without what an interceptor cannot answer. */
export interface AgentCoreInterceptorInput extends Omit<GatewayInput, "nonces" | "crossOrigin" | "costAtMost"> {
  /**
   * The most that a call of a tool can cost, where budgets bound money; undefined for what has no price. By your own
   * prices: a sum that the caller chooses bounds nothing.
   */
  readonly costAtMost?: (call: Pick<ToolCall, "tool" | "arguments">) => Cost | undefined;
  /**
   * The header by which the target is told under what id a cost was reserved, so that it settles it; empty where none
   * was. The target's configuration must let it through. A caller's own header of this name is never passed on.
   */
  readonly reportHeader?: string;
  /** Told of every request that is not passed on, and why, for the log. It must not throw. */
  readonly refused?: (why: unknown) => void;
}

/** One request as the gateway tells it: https://docs.aws.amazon.com/bedrock-agentcore, "Types of interceptors". */
interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * The REQUEST interceptor of an AgentCore Gateway, as the handler of a Lambda function. Token and proof are verified
 * here, each `tools/call` is asked of the decision point with its exact arguments, and what is passed on is the very
 * value that was asked about. Methods that only tell of the server need a token; every other one is refused, as are
 * batches, events that carry no headers (`passRequestHeaders` is off), and responses: what could not be judged never
 * reaches a tool.
 *
 * Tools are asked about by the name that the gateway gives them, `<target>___<tool>`, so they are registered so.
 * @returns answers of the form AgentCore reads; it throws for nothing, since what AgentCore does with a failed
 * interceptor is not ours to trust
 * @throws TypeError as `createResourceServer`
 */
export function createAgentCoreInterceptor(
  input: AgentCoreInterceptorInput,
): (event: unknown) => Promise<InterceptorAnswer> {
  const { refused, costAtMost, reportHeader, ...guard } = input;
  const gateway = createGateway({ ...guard, crossOrigin: false });
  return async (event) => {
    let id: unknown;
    try {
      const asked = askedBy(event);
      const message = messageOf(asked.body);
      id = message?.id;
      const call = message?.method === "tools/call" ? callIn(message.params) : undefined;
      const cost = call && costAtMost?.(call);
      const caller = await gateway.authenticate(asked, cost && { costAtMost: cost });
      if (!message) return refusal(400, { id, code: codes.request, message: "Invalid Request" });
      const { method } = message;
      if (method === "tools/call") {
        if (!call) return refusal(400, { id, code: codes.params, message: "Invalid params" });
        const judged = await caller.judgeCall({ ...call, ...(cost ? { costAtMost: cost } : {}) });
        if (judged.allowed) return passedOn(asked.body, reportHeader, judged.reserved?.report);
        await release(caller.reserved);
        return refusedCall(id, judged);
      }
      if (method !== undefined && !openMethods.has(method))
        return refusal(400, { id, code: codes.method, message: "Method not found" });
      return passedOn(asked.body, reportHeader);
    } catch (error) {
      refused?.(error);
      return error instanceof AccessError
        ? refusedAccess(id, error)
        : refusal(503, { id, code: codes.unavailable, message: "Could not be decided" });
    }
  };
}

/** The tool and arguments of a call; undefined for parameters that are none. */
function callIn({ name, arguments: given = {} }: Message["params"]): Pick<ToolCall, "tool" | "arguments"> | undefined {
  return typeof name === "string" && isGiven(given) ? { tool: name, arguments: given } : undefined;
}

/** @throws TypeError for what is no request of a gateway with its headers */
function askedBy(event: unknown): Asked {
  const mcp = isGiven(event) && event.interceptorInputVersion === "1.0" ? event.mcp : undefined;
  if (!isGiven(mcp) || !isGiven(mcp.gatewayRequest) || mcp.gatewayResponse)
    throw new TypeError("not a request of an AgentCore gateway to MCP targets");
  const { path, httpMethod, headers, body } = mcp.gatewayRequest;
  if (!isGiven(headers)) throw new TypeError("no headers: passRequestHeaders must be true for this interceptor");
  if (typeof path !== "string" || !path.startsWith("/") || typeof httpMethod !== "string")
    throw new TypeError("a request without path or method");
  // a second header of one name, in any case of letters, is seen and refused by the guard
  return { method: httpMethod, url: path, headers: headers as Asked["headers"], body };
}
