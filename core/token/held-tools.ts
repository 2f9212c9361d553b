import type { Denial } from "../denial/denial.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { err, ok, type Result } from "../model/result.ts";

/**
 * What an agent says of what it works with can only take away: where its registration names tools, a digest that none of
 * them has is refused (threat 61). Denial: `tool_unregistered`.
 */
export function checkHeldTools({ name, tools }: AgentRegistration, said: readonly string[] = []): Result<void, Denial> {
  const known = new Set(tools?.flatMap(({ digests = [] }) => digests));
  const strange = tools && said.find((digest) => !known.has(digest));
  return strange === undefined ? ok(undefined) : err({ code: "tool_unregistered", agent: name, digest: strange });
}
