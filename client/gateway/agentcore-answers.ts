import { refusalReply } from "../../core/verify/refusal-reply.ts";
import type { AccessError } from "../resource/access-error.ts";
import type { CallDecision } from "./tool-call.ts";

/** What AgentCore reads of an interceptor's answer: the request to pass on, or the response to give instead. */
export interface InterceptorAnswer {
  readonly interceptorOutputVersion: "1.0";
  readonly mcp:
    | {
        readonly transformedGatewayRequest: {
          readonly headers?: Readonly<Record<string, string>>;
          readonly body: unknown;
        };
      }
    | {
        readonly transformedGatewayResponse: {
          readonly statusCode: number;
          readonly headers: Readonly<Record<string, string>>;
          readonly body: unknown;
        };
      };
}

/** Errors of JSON-RPC; the first two are of the range that servers define. */
export const codes = {
  unauthorized: -32_001,
  unavailable: -32_002,
  request: -32_600,
  method: -32_601,
  params: -32_602,
};

/** What is passed on; a header that tells of a reservation overwrites whatever the caller sent under its name. */
export const passedOn = (body: unknown, header: string | undefined, report = ""): InterceptorAnswer => ({
  interceptorOutputVersion: "1.0",
  mcp: { transformedGatewayRequest: { ...(header === undefined ? {} : { headers: { [header]: report } }), body } },
});

/** A call that is not permitted, or that a budget has no room for until it renews. */
export function refusedCall(id: unknown, judged: CallDecision): InterceptorAnswer {
  const spent = judged.allowed || judged.budget?.code !== "budget_spent" ? undefined : judged.budget;
  if (!spent) return refusal(403, { id, code: codes.unauthorized, message: "Not permitted" });
  const { status, headers } = refusalReply(spent);
  return refusal(status, { id, code: codes.unauthorized, message: "Budget spent" }, headers);
}

/** A request whose token the guard did not let in. */
export function refusedAccess(id: unknown, { code, reply }: AccessError): InterceptorAnswer {
  const message = code === "budget_spent" ? "Budget spent" : "Unauthorized";
  return refusal(reply.status, { id, code: codes.unauthorized, message }, reply.headers);
}

interface RpcError {
  readonly id: unknown;
  readonly code: number;
  readonly message: string;
}

/** A response in the place of what was asked for. */
export function refusal(
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
