import { type AgentKind, agentPlaces } from "../agents/kinds.ts";
import { archive, type Traced } from "./archive.ts";
import { gatherCast } from "./cast.ts";
import { fall } from "./fall.ts";
import { handingOn } from "./handing-on.ts";
import { onward } from "./onward.ts";
import { opening } from "./opening.ts";
import type { Page } from "./print.ts";
import { awaitRecords, type StoredRecord } from "./records.ts";
import { release } from "./release.ts";
import type { Scene, Traces } from "./scene.ts";
import { Misbehaved, type Teller } from "./step.ts";
import { treeOf } from "./tree.ts";
import type { World } from "./world.ts";

/** How the story went. */
interface Outcome {
  readonly ok: boolean;
  /** Records of this run read back from the bucket. */
  readonly auditRecords: number;
  /** What misbehaved. */
  readonly error?: string;
  /** Where the last read of a file stands in both trails. */
  readonly traced?: Traced;
  /** Event id of the record of the operator's revocation. */
  readonly revocation?: string;
}

/** Longest wait for the records' way, of this process's own time: stream, relay, bus, delivery buffer. */
const deliveryMillis = 300_000;

/** Who tells it, and what is written beside the steps. */
interface Telling {
  readonly teller: Teller;
  readonly page: Page;
}

/**
 * Tells the story, once for each platform its agents run on: a person's work handed from agent to agent, refused where it must be, revoked, and read back from
 * the audit bucket. Every step is checked; the first one that misbehaves ends it.
 */
export async function tellStory(
  { teller, page }: Telling,
  world: World,
  kinds: readonly AgentKind[] = ["lambda"],
): Promise<Outcome> {
  const startMillis = Date.now();
  const traces: Traces = { refusals: [], names: {}, roots: [] };
  let records: readonly StoredRecord[] = [];
  let traced: Traced | undefined;
  try {
    for (const kind of kinds) {
      if (kinds.length > 1) page.heading(`Planner and researcher ${agentPlaces[kind]}`);
      traced = await tellOnce({ teller: teller.playedOn(kind), world, traces }, kind);
    }
    records = await teller.step("every decision is in the audit bucket", () => readBack(world, traces, startMillis));
    page.heading("What the audit bucket says");
    page.tree(treeOf(records, traces.names));
    const revocation = records.find(({ facts }) => facts.operation === "revoke")?.uid;
    return { ok: true, auditRecords: records.length, ...(traced && { traced }), ...(revocation && { revocation }) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ok: false, auditRecords: records.length, error: text };
  }
}

/** All acts, with planner and researcher on one platform. */
async function tellOnce(stage: Omit<Scene, "cast">, kind: AgentKind): Promise<Traced | undefined> {
  const cast = await gatherCast(stage.world, kind);
  try {
    const scene = { ...stage, cast };
    const opened = await opening(scene);
    const child = await handingOn(scene, opened);
    const traced = scene.world.hasArchive ? await archive(scene, child) : undefined;
    await onward(scene, opened, child);
    if (cast.release) await release({ ...scene, release: cast.release });
    await fall(scene, opened, child);
    return traced;
  } finally {
    await cast.close();
  }
}

async function readBack(world: World, traces: Traces, startMillis: number) {
  const missing = (records: readonly StoredRecord[]) => [
    ...traces.refusals
      .filter(({ refused }) => !records.some((record) => isRecordOf(record, refused)))
      .map((t) => t.step),
    ...traces.roots.filter((root) => !records.some(({ facts }) => facts.root === root && facts.outcome === "allowed")),
    ...(records.some(({ facts }) => facts.operation === "revoke") ? [] : ["the operator's revocation"]),
  ];
  const ours = (all: readonly StoredRecord[]) => all.filter(({ timeMillis }) => timeMillis >= startMillis);
  const all = await awaitRecords(world, (seen) => missing(ours(seen)).length === 0, deliveryMillis);
  const records = ours(all);
  const lost = missing(records);
  if (lost.length > 0) throw new Misbehaved(`the audit bucket holds no record of: ${lost.join(", ")}`);
  const denied = records.filter(({ facts }) => facts.outcome === "denied").length;
  return {
    says: `${records.length} records read back from S3, gzipped NDJSON by date; ${denied} of them denials, each with its reason`,
    facts: { records: records.length, denied },
    value: records,
  };
}

const isRecordOf = ({ facts }: StoredRecord, refused: Traces["refusals"][number]["refused"]): boolean =>
  facts.outcome === "denied" &&
  facts.denial?.code === refused.reason &&
  (refused.requestId === undefined || facts.request_id === refused.requestId);
