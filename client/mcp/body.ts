import { parseBoundedJson } from "../../core/text/json.ts";
import { readBounded } from "../http.ts";
import { isGiven, type Message, type Unfit } from "./needs.ts";

/** A body that was read whole: what the server is given, and the messages that are judged. Both are one value. */
export interface ReadBody {
  readonly parsed: unknown;
  readonly messages: readonly Message[];
}

/** Messages of one body; a batch of more is refused. */
const messagesMost = 16;

/**
 * Reads a body of JSON-RPC. The server gets the very value that was judged, since two parsers could see two calls: a
 * body in which a member is named twice is refused.
 * @param maxBytes of the body as it came
 * @returns undefined when it is longer
 */
export async function readBody(request: Request, maxBytes: number): Promise<ReadBody | Unfit | undefined> {
  // what the caller says of the length is only believed when it is too much
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) return undefined;
  const bytes = await readBounded(new Response(request.body), maxBytes);
  if (!bytes) return undefined;
  const text = utf8(bytes);
  const parsed = text === undefined ? undefined : parseBoundedJson(text, depthMost);
  if (!parsed?.ok) return { id: undefined, code: -32_700, message: "Parse error" };
  const messages = (Array.isArray(parsed.value) ? parsed.value : [parsed.value]).map(messageOf);
  if (messages.length === 0 || messages.length > messagesMost || !messages.every((one) => one !== undefined))
    return { id: undefined, code: -32_600, message: "Invalid Request" };
  return { parsed: parsed.value, messages };
}

/** Arguments nest, below `params` and `arguments`. */
const depthMost = 64;

/** One message of JSON-RPC 2.0, as far as it is judged; undefined for what is none. */
export function messageOf(value: unknown): Message | undefined {
  if (!isGiven(value)) return undefined;
  const { id, method, params = {} } = value;
  if (method !== undefined && typeof method !== "string") return undefined;
  if (!isGiven(params)) return undefined;
  return { id: typeof id === "string" || typeof id === "number" ? id : undefined, method, params };
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
