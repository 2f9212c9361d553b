import type { Denial } from "../denial/denial.ts";
import type { ToolDeclaration } from "../model/resource-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import type { ApprovedTools } from "./changes/approved.ts";
import type { Question } from "./question.ts";

/** The tools that are declared, and those that people approved as they are served now. */
interface Tools {
  readonly registry: Pick<RegistrySnapshot, "resource">;
  readonly approved: ApprovedTools;
}

/**
 * The tool as it is declared here, where its server declares it at a pinned digest (threat 61), or at one that people
 * approved. The word of who asks counts: it is the server itself, or the gateway through which the caller sees it.
 */
export function toolNamed(
  { server, name = "", digest }: Extract<Question["target"], { readonly type: "tool" }>,
  isSought: boolean,
  { registry, approved }: Tools,
): Result<ToolDeclaration, Denial> {
  const changed = digest === undefined ? undefined : approved({ server, tool: name, digest });
  if (changed) return ok(changed);
  // exactly: a name in another case or another Unicode form is another name, and there is no such tool
  const tool = registry.resource(server)?.tools?.find((one) => one.name === name);
  if (!tool) return err({ code: "tool_unknown", resource: server, tool: name });
  const { digests: pinned } = tool;
  if (!pinned || (digest === undefined && isSought)) return ok(tool);
  if (digest === undefined) return err({ code: "tool_undigested", resource: server, tool: name });
  return pinned.includes(digest)
    ? ok(tool)
    : err({ code: "tool_changed", resource: server, tool: name, digest, pinned });
}

/** A tool as it is asked about, and what the session's agent said that it works with. */
interface Said {
  readonly target: Question["target"];
  readonly registry: Pick<RegistrySnapshot, "resource">;
  readonly said: readonly string[] | undefined;
}

/**
 * An agent that said one of a tool's pinned digests has read that declaration; served at another, it would act on a text
 * that is none of this tool's any more. Its word can only take away: who says none of them is held to none (threat 61).
 */
export function asHeld({ target, registry, said = [] }: Said): Result<void, Denial> {
  if (target.type !== "tool" || target.digest === undefined) return ok(undefined);
  const { digest, server: resource, name = "" } = target;
  const declared = registry.resource(resource)?.tools?.find((one) => one.name === name);
  const held = said.filter((one) => declared?.digests?.includes(one));
  if (held.length === 0 || held.includes(digest) || said.includes(digest)) return ok(undefined);
  return err({ code: "tool_held_other", resource, tool: name, digest, held });
}
