import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import { canonicalText } from "../text/jcs.ts";

/** A tool as a server lists it (MCP 2025-11-25, Tools), as far as a model or a person is shown it. */
export interface ListedTool {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** Names of tools, in the characters that MCP gives them: ASCII alone, so that no name has a second spelling. */
export const toolNameForm: RegExp = /^[A-Za-z0-9_.-]{1,128}$/;

const texts = ["title", "description"] as const;
const objects = ["inputSchema", "outputSchema", "annotations"] as const;

/**
 * Reads what counts of one tool of a list. Members that nobody is shown, such as `_meta`, are left out: servers write
 * there what differs from call to call.
 * @param value as it was parsed; only its own members count, so that no prototype's can stand for one
 * @returns the tool, or why it is none that a digest can be made of
 */
export function readListed(value: unknown): Result<ListedTool, string> {
  if (!isMap(value)) return err("a tool is no object");
  const own = (member: string): unknown => (Object.hasOwn(value, member) ? value[member] : undefined);
  const name = own("name");
  if (typeof name !== "string" || !toolNameForm.test(name))
    return err("a tool's name is not up to 128 ASCII letters, digits, '_', '-' and '.'");
  const texted = texts.filter((member) => own(member) !== undefined);
  const wrong = texted.find((member) => typeof own(member) !== "string");
  if (wrong !== undefined) return err(`${name}: ${wrong} is no text`);
  const mapped = objects.filter((member) => own(member) !== undefined);
  const unfit = mapped.find((member) => !isMap(own(member)));
  if (unfit !== undefined) return err(`${name}: ${unfit} is no object`);
  if (!mapped.includes("inputSchema")) return err(`${name}: there is no inputSchema`);
  const members = Object.fromEntries([...texted, ...mapped].map((member) => [member, own(member)]));
  const tool = { name, ...members } as unknown as ListedTool;
  const text = canonicalOf(tool);
  return text.ok ? ok(tool) : err(`${name}: ${text.error}`);
}

/** Canonical JSON (RFC 8785) of a value that may nest as deep as its sender likes, within the bounds of one tool. */
export function canonicalOf(value: unknown): Result<string, string> {
  if (!isShallow(value)) return err(`nested deeper than ${depthMost}`);
  const text = canonicalText(value);
  if (!text.ok || new TextEncoder().encode(text.value).length <= limits.toolBytes) return text;
  return err(`more than ${limits.toolBytes} bytes`);
}

/** Schemas nest: an object's property has two levels. */
const depthMost = 64;

/** Walks without recursion: the depth is what the sender says. */
function isShallow(whole: unknown): boolean {
  const left: (readonly [value: unknown, depth: number])[] = [[whole, 0]];
  for (let next = left.pop(); next; next = left.pop()) {
    const [value, depth] = next;
    if (typeof value !== "object" || value === null) continue;
    if (depth >= depthMost) return false;
    for (const inner of Object.values(value)) left.push([inner, depth + 1]);
  }
  return true;
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
