/** Finds the service behind a call, asks IAM, plays faults, and lets the service answer. */
import type { Faults } from "../faults.ts";
import type { Caller } from "../iam/caller.ts";
import { answerXml, type QueryService } from "../query.ts";
import {
  type Access,
  type Answer,
  contextOf,
  type Json,
  type PlainService,
  type Service,
  ServiceError,
  type WireAnswer,
  type WireRequest,
} from "../service.ts";
import type { Call } from "./call.ts";

/** What stands behind the endpoint. */
export interface Services {
  readonly faults: Faults;
  /** By the service's name in the credential scope. */
  readonly services: Readonly<Record<string, Service>>;
  /** Those that name their operation by path, form or header. */
  readonly plain: Readonly<Record<string, PlainService>>;
  /** Those that take a form and answer XML. */
  readonly query: Readonly<Record<string, QueryService>>;
  /** Why the caller may not, in IAM's words; undefined when it may. */
  readonly refusal: (caller: Caller, access: Access) => string | undefined;
}

/** What a service said, before and after it was written for the wire. */
interface Performed {
  readonly wire: WireAnswer;
  /** The same as the service said it: an object for those that speak JSON. */
  readonly output: unknown;
}

/** Performs a call, and fills in what was understood of it. Throws `ServiceError`; anything else is a played crash. */
export async function perform(ground: Services, call: Call, request: WireRequest): Promise<Performed> {
  const query = Object.hasOwn(ground.query, call.service) ? ground.query[call.service] : undefined;
  if (query !== undefined) return performQuery(ground, call, { query, body: request.body });
  const plain = ground.plain[call.service];
  return plain === undefined ? performJson(ground, call, request) : performPlain(ground, call, plain(request));
}

async function performQuery(
  ground: Services,
  call: Call,
  { query, body }: { readonly query: QueryService; readonly body: Buffer },
): Promise<Performed> {
  const form = new Map(new URLSearchParams(body.toString()));
  const { requestId } = call;
  call.operation = form.get("Action") ?? "";
  call.input = Object.fromEntries(form);
  await applyFaults(ground, call, undefined);
  const code = call.service === "sns" ? "AuthorizationError" : "AccessDenied";
  permit(ground, call, { access: query.access(form, call.caller), code, status: 403 });
  const output = await query.call(form, call.caller);
  const { namespace } = query;
  return { wire: { type: "text/xml", body: answerXml(call.operation, output, { namespace, requestId }) }, output };
}

async function performPlain(ground: Services, call: Call, understood: ReturnType<PlainService>): Promise<Performed> {
  const { operation, access, input, answer } = understood;
  call.operation = operation;
  call.input = input ?? {};
  await applyFaults(ground, call, undefined);
  const code = call.service === "lambda" ? "AccessDeniedException" : "AccessDenied";
  permit(ground, call, { access, code, status: 403 });
  const wire = await answer(call.requestId);
  return { wire, output: wire.logged ?? (typeof wire.body === "string" ? wire.body : undefined) };
}

async function performJson(ground: Services, call: Call, { headers, body }: WireRequest): Promise<Performed> {
  const service = ground.services[call.service];
  if (service === undefined)
    throw new ServiceError("UnknownOperationException", `the embedded cloud has no service ${call.service}`);
  const named = String(headers["x-amz-target"] ?? "");
  const [prefix, operation = ""] = named.split(".");
  if (prefix !== service.target)
    throw new ServiceError("UnknownOperationException", `${named} is not of ${call.service}`);
  call.operation = operation;
  const input = parse(body);
  call.input = input;
  const instead = await applyFaults(ground, call, input);
  permit(ground, call, { access: service.access(operation, input), code: "AccessDeniedException", status: 400 });
  const type = ["dynamodb", "sqs"].includes(call.service) ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1";
  const { status, body: output } = instead ?? (await service.call(operation, input, call.caller));
  return { wire: { status, type, body: typeof output === "string" ? output : JSON.stringify(output) }, output };
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

/** What a call needs, and how its service says that the caller may not. */
interface Needed {
  readonly access: readonly Access[];
  readonly code: "AccessDenied" | "AccessDeniedException" | "AuthorizationError";
  readonly status: 400 | 403;
}

function permit(ground: Services, call: Call, { access, code, status }: Needed): void {
  call.access = access;
  const origin = contextOf({ "aws:SourceIp": call.sourceIp, "aws:UserAgent": call.userAgent });
  for (const one of access) {
    const refusal = ground.refusal(call.caller, { ...one, context: { ...one.context, ...origin } });
    if (refusal !== undefined) throw new ServiceError(code, refusal, status);
  }
}

/** @returns what is answered in the service's place; undefined when nothing is wrong */
async function applyFaults(
  ground: Services,
  { service, operation }: Call,
  input: Json | undefined,
): Promise<Answer | undefined> {
  const injected = await ground.faults.apply(service, operation, input);
  if (injected === undefined || !("code" in injected)) return injected;
  const error = new ServiceError(injected.code, "a fault was injected", injected.status);
  error.cause = injected.body;
  throw error;
}
