import type { Denial } from "../denial/denial.ts";
import type { Money } from "../model/budget.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail } from "../model/session.ts";
import { toolNameForm } from "../tools/declaration.ts";
import { toolDigestForm } from "../tools/digest.ts";
import { type Entities, type Entity, type Members, membersOf } from "./entities.ts";

/** What a question is about. Texts are as they came, bounded in length. */
type Target =
  /** A tool of a resource; without a name, all its tools are sought. */
  | { readonly type: "tool"; readonly server: string; readonly name?: string; readonly digest?: string }
  /** The server as a whole: to begin with it, and to see what tools it has. */
  | { readonly type: "mcp_server"; readonly server: string };

/** What the token that the gateway was shown says of itself. It can only narrow: the gateway's word permits nothing. */
interface ShownToken {
  readonly scopes?: readonly string[];
  readonly details?: readonly AuthorizationDetail[];
  /** Thumbprint of the key the token is bound to. */
  readonly jkt?: string;
}

/** One question, understood. */
export interface Question {
  readonly sid: string;
  /** Root of the session's tree: it spares a read, and where it is wrong there is no such session. */
  readonly root?: string;
  /** `sub` that the session's principal must have. */
  readonly principal?: string;
  readonly token: ShownToken;
  readonly method: string;
  readonly target: Target;
  readonly arguments: Members;
  /** Of a search: digests at which the server lists its tools now, by their names, as the asker sees them. */
  readonly served?: ReadonlyMap<string, string>;
  /** The most the call can cost: the asker's word, which can only take more from budgets. */
  readonly cost?: Money;
}

/** Methods of MCP that are decided, by the type of what they are about (COAZ-MCP, Default Mappings). */
export const methods: Readonly<Record<Target["type"], readonly string[]>> = {
  tool: ["tools/call"],
  mcp_server: ["initialize", "tools/list"],
};

/**
 * What a question means here: a session, or the identity of a session that the context names; a tool of a server, or
 * the server itself.
 * @returns the question, or `question_unsupported`
 */
export function questionOf({ subject, action, resource, context }: Entities): Result<Question, Denial> {
  const who = sessionOf(subject, context);
  if (!who.ok) return who;
  const token = tokenOf(subject.properties);
  if (!token) return unsupported("a claim in the subject's properties has another type than in a token");
  const target = targetOf(resource);
  if (!target.ok) return target;
  // an empty name stands for whatever methods there are: a search for actions
  if (action.name !== "" && !methods[target.value.type].includes(action.name))
    return unsupported(`method ${action.name.slice(0, 100)} on a ${target.value.type}`);
  const given = action.properties.arguments;
  const args = given === undefined ? {} : membersOf(given);
  if (!args) return unsupported("arguments that are no object");
  const cost = costOf(context.cost);
  if (cost === "malformed") return unsupported("a cost that is no amount in a currency's smallest unit");
  const served = servedOf(context.served);
  if (served === "malformed") return unsupported("served tools that are no digests by name");
  const { root } = subject.properties;
  const place = typeof root === "string" && isId(root) ? { root } : {};
  return ok({
    ...who.value,
    ...place,
    token,
    method: action.name,
    target: target.value,
    arguments: args,
    ...(served ? { served } : {}),
    ...(cost ? { cost } : {}),
  });
}

/** `context.served`: `{ "read_ticket": "sha256:…" }`. */
function servedOf(value: unknown): ReadonlyMap<string, string> | undefined | "malformed" {
  if (value === undefined) return undefined;
  const all = Object.entries(membersOf(value) ?? { "": undefined });
  const fits = all.filter(
    (one): one is [string, string] =>
      toolNameForm.test(one[0]) && typeof one[1] === "string" && toolDigestForm.test(one[1]),
  );
  return fits.length === all.length && all.length <= limits.toolsOfResource ? new Map(fits) : "malformed";
}

/** `context.cost`: `{ "amount": 1250, "currency": "EUR" }`, in the currency's smallest unit. */
function costOf(value: unknown): Money | undefined | "malformed" {
  if (value === undefined) return undefined;
  const { amount, currency } = membersOf(value) ?? {};
  const isAmount = Number.isSafeInteger(amount) && (amount as number) >= 0 && (amount as number) <= limits.budgetMost;
  if (!isAmount || typeof currency !== "string" || !/^[A-Z]{3}$/.test(currency)) return "malformed";
  return { minor: amount as number, currency };
}

const unsupported = (what: string): Result<never, Denial> => err({ code: "question_unsupported", what });

/** An id of ours, by its form. */
const isId = (text: string): boolean => /^[A-Za-z0-9_-]{22}$/.test(text);

/**
 * The session that is asked about. A person's or agent's id is one of many sessions' and is no subject by itself:
 * COAZ's `identity` counts only where the context says of which session it is.
 */
function sessionOf(
  { type, id = "" }: Entity,
  { session }: Members,
): Result<Pick<Question, "sid" | "principal">, Denial> {
  const sid = type === "session" ? id : type === "identity" ? session : undefined;
  if (typeof sid !== "string" || !isId(sid))
    return unsupported(`subject of type ${type.slice(0, 100)} without a session's id`);
  return ok(type === "identity" ? { sid, principal: id } : { sid });
}

function targetOf({ type, id, properties }: Entity): Result<Target, Denial> {
  if (type === "mcp_server")
    return id !== undefined && id.length <= uriCharacters ? ok({ type, server: id }) : unsupported("no server");
  if (type !== "tool") return unsupported(`resource of type ${type.slice(0, 100)}`);
  const { server, digest } = properties;
  if (typeof server !== "string" || server.length > uriCharacters) return unsupported("a tool without its server");
  if (id !== undefined && id.length > toolCharacters) return unsupported("a tool's name of such a length");
  if (digest !== undefined && !(typeof digest === "string" && /^[\x21-\x7e]{1,128}$/.test(digest)))
    return unsupported("a digest that is no short text");
  return ok({ type, server, ...(id === undefined ? {} : { name: id }), ...(digest === undefined ? {} : { digest }) });
}

/** The longest URI a resource may be registered with, and the longest name of a tool. */
const uriCharacters = 512;
const toolCharacters = 128;

/** The claims of a token as an access token has them (RFC 9068, RFC 9396, RFC 7800). */
function tokenOf({ scope, authorization_details: details, cnf }: Members): ShownToken | undefined {
  if (scope !== undefined && typeof scope !== "string") return undefined;
  if (details !== undefined && !(Array.isArray(details) && details.every(isDetail))) return undefined;
  const jkt = cnf === undefined ? undefined : membersOf(cnf)?.jkt;
  if (cnf !== undefined && typeof jkt !== "string") return undefined;
  return {
    ...(scope === undefined ? {} : { scopes: scope.split(" ").filter((one) => one !== "") }),
    ...(details === undefined ? {} : { details }),
    ...(typeof jkt === "string" ? { jkt } : {}),
  };
}

const isDetail = (value: unknown): value is AuthorizationDetail => typeof membersOf(value)?.type === "string";
