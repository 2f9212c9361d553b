import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import type { ResourceRegistration } from "../../model/resource-registration.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { ShownTool } from "../../model/tool-change.ts";
import type { Call } from "../../model/wire.ts";
import { canonicalOf, type ListedTool, readListed } from "../../tools/declaration.ts";
import { formerName } from "../../tools/difference.ts";
import { toolDigest } from "../../tools/digest.ts";
import { readBody } from "../request.ts";

/** A call that tells of a served tool, as far as it says anything without the registry. */
export interface Told {
  readonly server: string;
  readonly tool: ListedTool;
  /** The declaration before it, where the caller still has it. */
  readonly former?: ListedTool;
}

/** Levels of a declaration (`tools/declaration.ts`), and that around it. */
const depth = 66;

const unfit = (name: string, why: string) => err<Denial>({ code: "parameter_invalid", name, why });

/**
 * Reads `POST /tools/changes`: `{ "server": <uri>, "definition": <item of tools/list>, "former"?: <such an item> }`. Of
 * each only what a digest covers is kept, since nobody is shown the rest, and it would not be approved.
 * @returns what is told, or what `readBody` refuses, `parameter_invalid`
 */
export function readTold(call: Call, carriage: { readonly isPartial: boolean }): Result<Told, Denial> {
  const body = readBody(call, carriage, depth);
  if (!body.ok) return body;
  const { server, definition, former } = body.value;
  if (typeof server !== "string" || server.length > 512) return unfit("server", "must be the URI of a resource");
  const tool = bounded(definition, "definition");
  if (!tool.ok) return tool;
  if (former === undefined) return ok({ server, tool: tool.value });
  const before = bounded(former, "former");
  return before.ok ? ok({ server, tool: tool.value, former: before.value }) : before;
}

/** People read it, and a row holds it: a longer declaration than that waits for an operator with `tools pin`. */
function bounded(value: unknown, name: string): Result<ListedTool, Denial> {
  const tool = readListed(value);
  if (!tool.ok) return unfit(name, tool.error);
  const text = canonicalOf(tool.value);
  if (!text.ok) return unfit(name, text.error);
  return new TextEncoder().encode(text.value).length <= limits.toolChangeBytes
    ? tool
    : unfit(name, `more than ${limits.toolChangeBytes} bytes`);
}

/**
 * What the registry lets be said of it: its digest, what it was called before, and the texts that people are shown. A
 * declaration before it is shown only where it is one that was pinned: its digest says so.
 */
export async function understandTold(
  { tool, former }: Told,
  { tools = [] }: ResourceRegistration,
): Promise<Result<ShownTool, Denial>> {
  const digest = await toolDigest(tool);
  if (!digest.ok) return unfit("definition", digest.error);
  const isDeclared = tools.some(({ name }) => name === tool.name);
  const from = isDeclared ? undefined : await formerName(tool, tools);
  const was = tools.find(({ name }) => name === (from ?? tool.name));
  const before = former && (await toolDigest(former));
  if (before && !(before.ok && was?.digests?.includes(before.value)))
    return unfit("former", "must be the tool as it is pinned");
  return ok({
    ...{ digest: digest.value, definition: textOf(tool) },
    ...(from === undefined ? {} : { from }),
    ...(former ? { former: textOf(former) } : {}),
  });
}

/** Canonical, so that two who tell of one declaration store one text. It has one: it was read. */
const textOf = (tool: ListedTool): string => {
  const text = canonicalOf(tool);
  return text.ok ? text.value : "";
};
