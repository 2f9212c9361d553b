/**
 * The one AWS endpoint: tells services apart by the signature's credential scope, checks signature and permission of
 * every call, applies the fault switches, and speaks each service's protocol.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Call, ServedCall } from "./front/call.ts";
import { perform, type Services } from "./front/perform.ts";
import { badSignature, refusalAnswer } from "./front/refusals.ts";
import { unsigned } from "./front/unsigned.ts";
import type { Callers } from "./iam/caller.ts";
import { readBody } from "./loopback.ts";
import { ServiceError, type WireAnswer } from "./service.ts";

/** What stands behind the endpoint. */
interface AwsGround extends Services {
  readonly region: string;
  readonly callers: Callers;
  /** Answered to anybody, by path: roots that exist in this cloud alone. */
  readonly open: ReadonlyMap<string, Uint8Array>;
  /** Hears of every call whose signature was good, once, before its answer is sent. */
  readonly onCall: (call: ServedCall) => void;
}

const mostBytes = 16 * 1024 * 1024;

/** Makes the endpoint's handler. */
export function serveAws(ground: AwsGround) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request, mostBytes);
    const { method = "GET", url: target = "/", headers } = request;
    const published = method === "GET" ? ground.open.get(target) : undefined;
    if (published !== undefined)
      return void response.writeHead(200, { "content-type": "application/pkix-cert" }).end(published);
    const open = body === undefined ? undefined : unsigned({ method, target, headers, body }, ground.region);
    const claimed = open?.service ?? /\/([^/,]+)\/aws4_request/.exec(headers.authorization ?? "")?.[1];
    const requestId = claimed === "s3" ? randomBytes(8).toString("hex").toUpperCase() : randomUUID();
    const send = (answer: WireAnswer) => sendAnswer(response, answer, { method, requestId });
    const refuse = (refusal: Parameters<typeof refusalAnswer>[1]) => send(refusalAnswer(claimed, refusal, requestId));
    if (body === undefined) return refuse(tooLarge);
    const signed = open ?? ground.callers.verify({ method, target, headers, body });
    if ("code" in signed) return refuse(badSignature(claimed, signed));
    if (signed.region !== ground.region) return refuse(otherRegion(signed.region));
    const call: Call = {
      service: signed.service,
      requestId,
      operation: "",
      caller: signed.caller,
      userAgent: String(headers["user-agent"] ?? ""),
      sourceIp: request.socket.remoteAddress ?? "127.0.0.1",
      input: {},
      access: [],
    };
    const note = noteTo(ground, call);
    try {
      const { wire, output } = await perform(ground, call, { method, target, headers, body });
      note({ status: wire.status ?? 200, output, ...refusedIn(wire, output) });
      send(wire);
    } catch (thrown) {
      // A played crash of the store leaves the caller without an answer, as a real one would.
      if (!(thrown instanceof ServiceError)) return void request.socket.destroy();
      const { Message: message = thrown.message, ...more } = (thrown.cause ?? {}) as { Message?: string };
      note({ status: thrown.status, code: thrown.code, message });
      refuse({ status: thrown.status, code: thrown.code, message, more });
    }
  };
}

const tooLarge = {
  status: 413,
  code: "RequestEntityTooLargeException",
  message: "the request is larger than 16 MB",
};

const otherRegion = (region: string) => ({
  status: 400,
  code: "InvalidSignatureException",
  message: `Credential should be scoped to a valid Region, not '${region}'.`,
});

function sendAnswer(
  response: ServerResponse,
  { status = 200, type, headers = {}, body }: WireAnswer,
  { method, requestId }: { readonly method: string; readonly requestId: string },
): void {
  response.writeHead(status, {
    "content-type": type,
    "x-amzn-requestid": requestId,
    "x-amz-request-id": requestId,
    ...(status === 204 || status === 304 ? {} : { "content-length": Buffer.byteLength(body) }),
    ...headers,
  });
  response.end(method === "HEAD" || status === 304 ? undefined : body);
}

/** A store's refusal comes as an answer of its own. */
function refusedIn({ status = 200 }: WireAnswer, output: unknown): { code?: string; message?: string } {
  if (status === 200 || typeof output !== "object" || output === null) return {};
  const { __type: type, message, Message = message } = output as Record<string, unknown>;
  if (typeof type !== "string") return {};
  return { code: type.slice(type.lastIndexOf("#") + 1), ...(typeof Message === "string" ? { message: Message } : {}) };
}

function noteTo(ground: AwsGround, call: Call) {
  const atMillis = Date.now();
  return (outcome: Pick<ServedCall, "status" | "output" | "code" | "message">) =>
    ground.onCall({ ...call, roleArn: call.caller.roleArn, atMillis, ...outcome });
}
