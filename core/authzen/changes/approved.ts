import { isApproved, type StandingPorts, standingNow } from "../../approvals/tool-changes/standing-now.ts";
import type { ToolChangeReads } from "../../approvals/tool-changes/store.ts";
import type { Denial } from "../../denial/denial.ts";
import type { ToolDeclaration } from "../../model/resource-registration.ts";
import { ok, type Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { ToolChangePlace } from "../../model/tool-change.ts";
import type { Asker } from "../asker.ts";
import type { Question } from "../question.ts";

/** A tool as its server serves it, by the word of who asks. */
type Served = Pick<ToolChangePlace, "server" | "tool" | "digest">;

/** What a tool is taken for that people approved as it is served; undefined for any other. */
export type ApprovedTools = (served: Served) => ToolDeclaration | undefined;

/** What reading the approvals of served tools needs. */
interface ApprovedPorts extends Omit<StandingPorts, "changes"> {
  readonly changes?: ToolChangeReads;
}

interface By {
  readonly asker: Pick<Asker, "agent">;
  readonly registry: RegistrySnapshot;
}

/**
 * Reads what people said of the tools that questions name and that are neither at a pinned digest nor declared, of
 * resources whose registration names people for it and that the asker serves or fronts. For all other questions, which
 * are nearly all, nothing is read.
 * @returns the approved ones, or `liveness_unavailable`
 */
export async function approvedTools(
  questions: readonly Question[],
  { asker, registry }: By,
  ports: ApprovedPorts,
): Promise<Result<ApprovedTools, Denial>> {
  const { changes } = ports;
  if (!changes) return ok(() => undefined);
  const differing = questions.flatMap(servedIn).filter(({ server, tool, digest }) => {
    const resource = registry.resource(server);
    if (!resource?.toolChanges || !registry.mayAskAbout(asker.agent, resource)) return false;
    const own = resource.tools?.find(({ name }) => name === tool);
    return own === undefined || own.digests?.includes(digest) === false;
  });
  const approved = new Map<string, ToolDeclaration>();
  for (const server of new Set(differing.map((one) => one.server)))
    for (const place of (await changes.places(server)).values()) {
      if (!differing.some((one) => keyOf(one) === keyOf(place))) continue;
      const now = await standingNow(place, registry, { ...ports, changes });
      if (!now.ok) return now;
      if (isApproved(now.value)) approved.set(keyOf(place), now.value.change.becomes);
    }
  return ok((served) => approved.get(keyOf(served)));
}

/** The tools that a question names with their digests. */
function servedIn({ target, served = new Map() }: Question): readonly Served[] {
  if (target.type !== "tool") return [];
  const { server, name, digest } = target;
  const one = name !== undefined && digest !== undefined ? [{ server, tool: name, digest }] : [];
  return [...one, ...[...served].map(([tool, at]): Served => ({ server, tool, digest: at }))];
}

const keyOf = ({ server, tool, digest }: Served): string => JSON.stringify([server, tool, digest]);
