import { messageOf } from "../mcp/body.ts";
import { isGiven, openMethods } from "../mcp/needs.ts";
import { AccessError } from "../resource/access-error.ts";
import { createGateway, type GatewayInput } from "./gateway.ts";

/** Input of {@link createAgentCoreInterceptor}: that of a gateway's guard, without what an interceptor cannot answer. */
export interface AgentCoreInterceptorInput extends Omit<GatewayInput, "nonces" | "crossOrigin"> {
  /** Told of every request that is not passed on, and why, for the log. It must not throw. */
  readonly refused?: (why: unknown) => void;
}

/** What AgentCore reads of an interceptor's answer: the request to pass on, or the response to give instead. */
export interface InterceptorAnswer {
  readonly interceptorOutputVersion: "1.0";
  readonly mcp:
    | { readonly transformedGatewayRequest: { readonly body: unknown } }
    | {
        readonly transformedGatewayResponse: {
          readonly statusCode: number;
          readonly headers: Readonly<Record<string, string>>;
          readonly body: unknown;
        };
      };
}

/** One request as the gateway tells it: https://docs.aws.amazon.com/bedrock-agentcore, "Types of interceptors". */
interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Errors of JSON-RPC; the first two are of the range that servers define. */
const codes = { unauthorized: -32_001, unavailable: -32_002, request: -32_600, method: -32_601, params: -32_602 };

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
  const { refused, ...guard } = input;
  const gateway = createGateway({ ...guard, crossOrigin: false });
  return async (event) => {
    let id: unknown;
    try {
      const asked = askedBy(event);
      const message = messageOf(asked.body);
      id = message?.id;
      const caller = await gateway.authenticate(asked);
      if (!message) return refusal(400, { id, code: codes.request, message: "Invalid Request" });
      const { method, params } = message;
      if (method === "tools/call") {
        const { name, arguments: given = {} } = params;
        if (typeof name !== "string" || !isGiven(given))
          return refusal(400, { id, code: codes.params, message: "Invalid params" });
        if (!(await caller.mayCall({ tool: name, arguments: given })))
          return refusal(403, { id, code: codes.unauthorized, message: "Not permitted" });
      } else if (method !== undefined && !openMethods.has(method))
        return refusal(400, { id, code: codes.method, message: "Method not found" });
      return { interceptorOutputVersion: "1.0", mcp: { transformedGatewayRequest: { body: asked.body } } };
    } catch (error) {
      refused?.(error);
      return error instanceof AccessError
        ? refusal(error.reply.status, { id, code: codes.unauthorized, message: "Unauthorized" }, error.reply.headers)
        : refusal(503, { id, code: codes.unavailable, message: "Could not be decided" });
    }
  };
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

interface RpcError {
  readonly id: unknown;
  readonly code: number;
  readonly message: string;
}

function refusal(
  statusCode: number,
  { id, ...error }: RpcError,
  headers: Readonly<Record<string, string>> = {},
): InterceptorAnswer {
  const told = { ...headers, "Content-Type": "application/json", "Cache-Control": "no-store" };
  const body = { jsonrpc: "2.0", id: id ?? null, error };
  return {
    interceptorOutputVersion: "1.0",
    mcp: { transformedGatewayResponse: { statusCode, headers: told, body } },
  };
}
