/**
 * The one AWS endpoint: tells services apart by the signature's credential scope, checks signature and permission of
 * every call, applies the fault switches, and speaks each service's protocol.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Faults } from "./faults.ts";
import type { Caller, Callers } from "./iam/caller.ts";
import { readBody } from "./loopback.ts";
import { type Access, type Answer, type Json, type Service, ServiceError } from "./service.ts";
import { type Sts, type StsForm, stsError } from "./sts/service.ts";
import type { PlainService } from "./workloads/control-plane.ts";

/** One call that reached the endpoint, as CloudTrail would note it. */
export interface CallRecord {
  readonly service: string;
  readonly operation: string;
  readonly roleArn: string;
  readonly userAgent: string;
  readonly requestId: string;
  readonly status: number;
  /** Why it was refused, in AWS's word; absent when it was not. */
  readonly code?: string;
}

/** What stands behind the endpoint. */
interface AwsGround {
  readonly region: string;
  readonly callers: Callers;
  readonly faults: Faults;
  /** By the service's name in the credential scope. */
  readonly services: Readonly<Record<string, Service>>;
  /** Those that name their operation by path or form. */
  readonly plain: Readonly<Record<string, PlainService>>;
  readonly sts: Sts;
  /** Answered to anybody, by path: roots that exist in this cloud alone. */
  readonly open: ReadonlyMap<string, Uint8Array>;
  /** Why the caller may not, in IAM's words; undefined when it may. */
  readonly refusal: (caller: Caller, access: Access) => string | undefined;
  readonly onCall: (record: CallRecord) => void;
}

const mostBytes = 16 * 1024 * 1024;

/** Makes the endpoint's handler. */
export function serveAws(ground: AwsGround) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = randomUUID();
    const body = await readBody(request, mostBytes);
    const { method = "GET", url: target = "/", headers } = request;
    const claimed = /\/([^/,]+)\/aws4_request/.exec(headers.authorization ?? "")?.[1];
    const send = (status: number, type: string, text: string) => {
      response.writeHead(status, {
        "content-type": type,
        "x-amzn-requestid": requestId,
        "content-length": Buffer.byteLength(text),
      });
      response.end(text);
    };
    const isSts = claimed === "sts";
    const refuse = ({ status, code, message, more = {} }: Refused) =>
      isSts || claimed === "iam"
        ? send(status, "text/xml", stsError(code, message))
        : send(status, "application/x-amz-json-1.1", JSON.stringify({ __type: code, message, ...more }));
    const published = method === "GET" ? ground.open.get(target) : undefined;
    if (published !== undefined)
      return void response.writeHead(200, { "content-type": "application/pkix-cert" }).end(published);
    if (body === undefined)
      return refuse({
        status: 413,
        code: "RequestEntityTooLargeException",
        message: "the request is larger than 16 MB",
      });
    const signed = ground.callers.verify({ method, target, headers, body });
    if ("code" in signed) {
      const { code, message } = signed;
      return refuse(isSts ? { status: 403, code: stsCodes[code], message } : { status: 400, code, message });
    }
    if (signed.region !== ground.region) {
      const message = `Credential should be scoped to a valid Region, not '${signed.region}'.`;
      return refuse({ status: 400, code: "InvalidSignatureException", message });
    }
    const userAgent = String(headers["user-agent"] ?? "");
    const call: Call = { service: signed.service, operation: "", caller: signed.caller, userAgent, requestId };
    try {
      const { answer, type } = await perform(ground, call, { method, target, named: headers["x-amz-target"], body });
      note(ground, call, { status: answer.status, code: codeIn(answer) });
      send(answer.status, type, typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
    } catch (thrown) {
      // A played crash of the store leaves the caller without an answer, as a real one would.
      if (!(thrown instanceof ServiceError)) return void request.socket.destroy();
      note(ground, call, thrown);
      const { Message: message = thrown.message, ...more } = (thrown.cause ?? {}) as { Message?: string };
      refuse({ status: thrown.status, code: thrown.code, message, more });
    }
  };
}

/** A refusal as the caller gets it, in the words of the protocol it spoke. */
interface Refused {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** What else the body says, where it is JSON. */
  readonly more?: object;
}

/** A call by somebody who is known; `operation` is filled in once it was read. */
interface Call {
  readonly service: string;
  operation: string;
  readonly caller: Caller;
  readonly userAgent: string;
  readonly requestId: string;
}

/** What a call needs, and how its service says that the caller may not. */
interface Needed {
  readonly access: readonly Access[];
  readonly code: "AccessDenied" | "AccessDeniedException";
  readonly status: 400 | 403;
}

const stsCodes = {
  UnrecognizedClientException: "InvalidClientTokenId",
  MissingAuthenticationTokenException: "MissingAuthenticationToken",
  InvalidSignatureException: "SignatureDoesNotMatch",
  IncompleteSignatureException: "IncompleteSignature",
} as const;

interface Received {
  readonly method: string;
  readonly target: string;
  /** `x-amz-target` */
  readonly named: unknown;
  readonly body: Buffer;
}

async function perform(
  ground: AwsGround,
  call: Call,
  { method, target, named, body }: Received,
): Promise<{ answer: Answer; type: string }> {
  if (call.service === "sts") {
    const form: StsForm = new Map(new URLSearchParams(body.toString()));
    call.operation = form.get("Action") ?? "";
    await applyFaults(ground, call, undefined);
    permit(ground, call.caller, { access: ground.sts.access(form, call.caller), code: "AccessDenied", status: 403 });
    return { answer: { status: 200, body: ground.sts.call(form, call.caller) }, type: "text/xml" };
  }
  const plain = ground.plain[call.service];
  if (plain !== undefined) {
    const { operation, access, answer } = plain({ method, target, body: body.toString() });
    call.operation = operation;
    await applyFaults(ground, call, undefined);
    const code = call.service === "iam" ? "AccessDenied" : "AccessDeniedException";
    permit(ground, call.caller, { access, code, status: 403 });
    const answered = answer();
    return { answer: { status: 200, body: answered.body }, type: answered.type };
  }
  const service = ground.services[call.service];
  if (service === undefined)
    throw new ServiceError("UnknownOperationException", `the embedded cloud has no service ${call.service}`);
  const [prefix, operation = ""] = String(named ?? "").split(".");
  if (prefix !== service.target)
    throw new ServiceError("UnknownOperationException", `${String(named)} is not of ${call.service}`);
  call.operation = operation;
  const input = parse(body);
  const instead = await applyFaults(ground, call, input);
  permit(ground, call.caller, {
    access: service.access(operation, input),
    code: "AccessDeniedException",
    status: 400,
  });
  const type = ["dynamodb", "sqs"].includes(call.service) ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1";
  return { answer: instead ?? (await service.call(operation, input, call.caller)), type };
}

function parse(body: Buffer): Json {
  try {
    const parsed: unknown = JSON.parse(body.length === 0 ? "{}" : body.toString());
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as Json;
  } catch {
    // answered below, like any other body that is no object
  }
  throw new ServiceError("SerializationException", "the request's body is no JSON object");
}

function permit(ground: AwsGround, caller: Caller, { access, code, status }: Needed): void {
  for (const one of access) {
    const refusal = ground.refusal(caller, one);
    if (refusal !== undefined) throw new ServiceError(code, refusal, status);
  }
}

/** @returns what is answered in the service's place; undefined when nothing is wrong */
async function applyFaults(
  ground: AwsGround,
  { service, operation }: Call,
  input: Json | undefined,
): Promise<Answer | undefined> {
  const injected = await ground.faults.apply(service, operation, input);
  if (injected === undefined || !("code" in injected)) return injected;
  const error = new ServiceError(injected.code, "a fault was injected", injected.status);
  error.cause = injected.body;
  throw error;
}

/** A store's refusal comes as an answer of its own. */
function codeIn({ status, body }: Answer): string | undefined {
  const { __type: type } = status === 200 || typeof body === "string" ? {} : (body as { __type?: unknown });
  return typeof type === "string" ? type.slice(type.lastIndexOf("#") + 1) : undefined;
}

function note(
  ground: AwsGround,
  { service, operation, caller, userAgent, requestId }: Call,
  { status, code }: { readonly status: number; readonly code?: string | undefined },
): void {
  const { roleArn } = caller;
  ground.onCall({ service, operation, roleArn, userAgent, requestId, status, ...(code === undefined ? {} : { code }) });
}
