import { readBounded } from "../../../client/http.ts";
import { limits } from "../../../core/model/limits.ts";
import { parseBoundedJson } from "../../../core/text/json.ts";
import type { ListPage } from "../../../core/tools/collect.ts";
import { Refused, Usage } from "../terminal/outcome.ts";

/** The revision of MCP that is spoken; servers of later ones answer it too. */
const protocolVersion = "2025-11-25";
const timeoutMillis = 15_000;
/** A page is at most as long as a whole list, with room for what is left out of it. */
const answerBytes = 2 * limits.toolListBytes;

/** How a server is reached. */
interface McpServerInput {
  readonly url: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined;
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Begins a session with an MCP server (Streamable HTTP) and asks for pages of its tools. No redirect is followed: a
 * token and the question itself go to the named address alone.
 * @throws Usage for an address that is neither https nor on this machine, Refused for what is no answer of MCP
 */
export async function openMcpList({ url, token, fetch = globalThis.fetch }: McpServerInput): Promise<ListPage> {
  const to = addressOf(url);
  const headers = new Headers({
    ...{ "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
    "MCP-Protocol-Version": protocolVersion,
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  });
  let id = 0;
  const send = (message: object) =>
    fetch(to, {
      ...{ method: "POST", headers, redirect: "manual" },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
      signal: AbortSignal.timeout(timeoutMillis),
    });
  const ask = async (method: string, params: object): Promise<unknown> => {
    const mine = ++id;
    const response = await send({ id: mine, method, params });
    const session = response.headers.get("mcp-session-id");
    if (session !== null) headers.set("mcp-session-id", session);
    if (!response.ok) throw new Refused(`${to} answered ${method} with status ${response.status}`);
    return resultIn(await messageOf(response, mine), method);
  };
  const clientInfo = { name: "lanyard", version: "1" };
  await ask("initialize", { protocolVersion, capabilities: {}, clientInfo });
  await (await send({ method: "notifications/initialized" })).body?.cancel();
  return (cursor) => ask("tools/list", cursor === undefined ? {} : { cursor });
}

function addressOf(text: string): string {
  const url = URL.parse(text);
  const isNear = url !== null && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (!url || (url.protocol !== "https:" && !(url.protocol === "http:" && isNear)))
    throw new Usage(`${text} is no address of a server: use https, or http on this machine`);
  if (url.username !== "" || url.password !== "") throw new Usage("an address holds no password: use --token-env");
  return url.href;
}

/** The answer with this id, from a body of JSON or from a stream of events. */
async function messageOf(response: Response, id: number): Promise<unknown> {
  const type = response.headers.get("content-type")?.split(";")[0]?.trim();
  if (type === "text/event-stream") return eventOf(response, id);
  const bytes = await readBounded(response, answerBytes);
  return bytes && parsed(new TextDecoder().decode(bytes));
}

/** Reads events until the answer comes: a server may keep the stream open behind it. */
async function eventOf({ body }: Response, id: number): Promise<unknown> {
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytes) return undefined;
    text += decoder.decode(chunk, { stream: true }).replaceAll("\r", "");
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const message = parsed(dataOf(text.slice(0, end)));
      text = text.slice(end + 2);
      if ((Object(message) as { readonly id?: unknown }).id === id) return message;
    }
  }
  return parsed(dataOf(text));
}

const dataOf = (event: string): string =>
  event
    .split("\n")
    .flatMap((line) => (line.startsWith("data:") ? [line.slice(5).trimStart()] : []))
    .join("\n");

/** A member that is named twice is read in two ways by two readers: such an answer is none. */
function parsed(text: string): unknown {
  const json = parseBoundedJson(text, 128);
  return json.ok ? json.value : undefined;
}

function resultIn(message: unknown, method: string): unknown {
  const { result, error } = Object(message) as { readonly result?: unknown; readonly error?: { message?: unknown } };
  if (result !== undefined) return result;
  const why =
    typeof error?.message === "string" ? error.message.slice(0, 200) : "no answer of JSON-RPC that can be read";
  throw new Refused(`${method}: ${why}`);
}
