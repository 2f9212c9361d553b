import { AccessError } from "../resource/access-error.ts";
import type { Authenticated } from "../resource/authenticated.ts";
import { release } from "../resource/reservation.ts";
import type { ResourceServer } from "../resource/resource-server.ts";
import { authInfoOf, type McpAuthInfo } from "./auth-info.ts";
import { type ReadBody, readBody } from "./body.ts";
import { areScopes, costOf, needsOf, type OperationNeeds, type Rule, type ToolRules, type Unfit } from "./needs.ts";

/** A server of the official SDK: what its `createMcpHandler` returns, or any other handler of the same shape. */
export interface McpHandler {
  fetch(request: Request, options: { authInfo: McpAuthInfo; parsedBody?: unknown }): Promise<Response>;
}

/** Input of {@link requireTool}. */
export interface RequireToolInput {
  /** The guard of the resource that the MCP server is. */
  readonly guard: ResourceServer;
  readonly tools: ToolRules;
  /** What other methods need, such as `resources/read`, as a function of their parameters; one without a rule is refused. */
  readonly methods?: Readonly<Record<string, Rule>>;
  /** Longest body, in bytes: 262,144 when left out, 4,194,304 at most. */
  readonly maxBodyBytes?: number;
  /** Told of what a rule threw; its caller is told that the parameters are invalid. */
  readonly onError?: (cause: unknown) => void;
}

/** A guarded MCP server, as a fetch handler. */
export type GuardedMcp = (request: Request) => Promise<Response>;

const usualBytes = 262_144;
const mostBytes = 4_194_304;

/**
 * Puts a guard before an MCP server of the official SDK: every request needs a token for the resource, and every call
 * of a tool the scopes and authorization details that its rule makes of its arguments. A refusal names all that the
 * operation needs, in the challenge and, for details, as `authorization_details` of the body: a client steps up once.
 * The resource's metadata and browsers' preflights are answered, too.
 *
 * Rules see arguments as they came, before the SDK has validated them or filled defaults in: what is not there must not
 * be taken for what the tool would assume.
 * @throws TypeError for a rule without a scope, a rule of `tools/call` among the methods, or a bound beyond the
 * greatest
 */
export function requireTool(input: RequireToolInput): (server: McpHandler) => GuardedMcp {
  const { guard, tools, methods = {}, maxBodyBytes = usualBytes, onError } = input;
  checkRules(tools, methods);
  if (!Number.isInteger(maxBodyBytes) || maxBodyBytes < 1 || maxBodyBytes > mostBytes)
    throw new TypeError(`maxBodyBytes is between 1 and ${mostBytes}`);
  return (server) => async (request) => {
    const body = request.method === "POST" ? await readBody(request, maxBodyBytes) : undefined;
    if (request.method === "POST" && body === undefined) return new Response(null, { status: 413 });
    const judged = body && "messages" in body ? needsOf(body.messages, tools, methods) : undefined;
    const needs = judged && "needs" in judged ? judged.needs : [];
    let caller: Authenticated;
    try {
      caller = await admitted(request, guard, needs);
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      return replyOf(error, needs);
    }
    // an unfit body is told so only to whom the server is open: parsers are probed by strangers
    const unfit = body && "code" in body ? body : judged && "unfit" in judged ? judged.unfit : undefined;
    if (unfit?.cause !== undefined) onError?.(unfit.cause);
    const answer = unfit ? unfitReply(unfit) : await served(server, request, { body: body as ReadBody, caller, guard });
    const headers = new Headers(answer.headers);
    for (const [name, value] of Object.entries(caller.answerHeaders)) headers.set(name, value);
    return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
  };
}

async function admitted(
  request: Request,
  guard: ResourceServer,
  needs: readonly OperationNeeds[],
): Promise<Authenticated> {
  const scopes = [...new Set(needs.flatMap((one) => one.scopes))];
  const { pathname, search } = new URL(request.url);
  const plain = { method: request.method, url: pathname + search, headers: request.headers };
  const costAtMost = costOf(needs);
  const operation = { scopes, ...(costAtMost ? { costAtMost } : {}) };
  const caller = await guard.authenticate(plain, needs.length > 0 ? operation : undefined);
  try {
    if (needs.length > 0) caller.requires(...scopes);
    // a token that details restrict is admitted by no operation that does not say what it does
    for (const { use = {} } of needs) caller.permits(use);
  } catch (refused) {
    await release(caller.reserved);
    throw refused;
  }
  return caller;
}

function served(
  server: McpHandler,
  request: Request,
  { body, caller, guard }: { body: ReadBody | undefined; caller: Authenticated; guard: ResourceServer },
): Promise<Response> {
  const authInfo = authInfoOf(caller, guard.metadata?.url);
  return server.fetch(request, { authInfo, ...(body ? { parsedBody: body.parsed } : {}) });
}

/** A refusal's answer, with the details that would have admitted the operation where it is about the token. */
function replyOf({ reply, code }: AccessError, needs: readonly OperationNeeds[]): Response {
  const { status, headers, body } = reply;
  const asks = needs.flatMap((one) => one.asks ?? []);
  const tells = code !== "open" && (status === 401 || status === 403) && asks.length > 0;
  if (!tells) return new Response(status === 204 || body === "" ? null : body, { status, headers });
  const told = { ...(body === "" ? {} : (JSON.parse(body) as object)), authorization_details: asks };
  return new Response(JSON.stringify(told), { status, headers: { ...headers, "Content-Type": "application/json" } });
}

const unfitReply = ({ id, code, message }: Unfit): Response =>
  Response.json({ jsonrpc: "2.0", id: id ?? null, error: { code, message } }, { status: 400 });

function checkRules(tools: ToolRules, methods: Readonly<Record<string, Rule>>): void {
  if (Object.hasOwn(methods, "tools/call")) throw new TypeError("tools are named in `tools`, each by its own rule");
  for (const [name, rule] of [...Object.entries(tools), ...Object.entries(methods)])
    if (typeof rule !== "function" && !areScopes(rule)) throw new TypeError(`${name}: name the scopes it needs`);
}
