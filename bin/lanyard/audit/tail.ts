import { setTimeout as sleep } from "node:timers/promises";
import type { CommandContext } from "../deployment/context.ts";
import { Usage } from "../terminal/outcome.ts";
import { limitOf, type OutputOptions } from "../terminal/output.ts";
import { plainJson } from "../terminal/plain.ts";
import { sinceMillis } from "../terminal/since.ts";
import type { AuditEvent } from "./events.ts";
import { eventLine } from "./line.ts";
import { keysOf, revealEvent } from "./reveal.ts";
import type { AuditSource } from "./source.ts";

/** Options of `audit tail`. */
export interface TailOptions extends OutputOptions {
  readonly since: string;
  readonly follow?: boolean;
  readonly session?: string;
  readonly agent?: string;
  readonly principal?: string;
  readonly denied?: boolean;
  /** What the revocation canary does every few minutes is shown too. */
  readonly canary?: boolean;
  /** Free text and claims of persons are decrypted. */
  readonly reveal?: boolean;
  /** How many of the existing events are shown, the newest ones. */
  readonly limit?: string;
}

/** How often the source is read; Firehose writes an object about every 15 seconds. */
const everyMillis = 5_000;
/** An object may be listed a little late, and event times are those of the functions. */
const graceMillis = 120_000;

/**
 * `audit tail`: events since a moment, oldest first, and with `--follow` what comes after them until it is interrupted.
 * Each event is shown once, although Firehose may deliver it several times.
 */
export async function runTail(
  options: TailOptions,
  source: AuditSource,
  { profile, terminal, stop }: CommandContext,
): Promise<void> {
  const since = sinceMillis(options.since, Date.now());
  const limit = limitOf(options.limit);
  const { output = "table" } = options;
  if (output === "tsv" || output === "id")
    throw new Usage(`audit events are told as table, json or jsonl, not ${output}`);
  const asJson = options.json || output !== "table";
  const wanted = filterOf(options, profile.trustDomain);
  const keyOf = options.reveal ? keysOf(profile) : undefined;
  const read = new Set<string>();
  const told = new Set<string>();
  let from = since;
  let isFirst = true;
  for (;;) {
    const begun = Date.now();
    const fresh: AuditEvent[] = [];
    for (const object of await source.objects(from)) {
      if (read.has(object.name)) continue;
      for await (const event of source.events(object))
        if (event.time >= since && wanted(event) && !told.has(event.metadata.uid)) {
          told.add(event.metadata.uid);
          fresh.push(event);
        }
      read.add(object.name);
      terminal.progress?.(`${read.size} objects read…`);
    }
    terminal.progress?.("");
    const sorted = fresh.sort((a, b) => a.time - b.time);
    for (const event of isFirst ? sorted.slice(-limit) : sorted) {
      const seen = keyOf ? await revealEvent(event, keyOf) : event;
      terminal.out(asJson ? plainJson(seen) : eventLine(seen));
    }
    if (!options.follow || stop?.aborted) return;
    isFirst = false;
    from = Math.max(since, begun - graceMillis);
    await sleep(everyMillis, undefined, stop ? { signal: stop } : {}).catch(() => undefined);
    if (stop?.aborted) return;
  }
}

function filterOf({ session, agent, principal, denied, canary }: TailOptions, trustDomain: string) {
  const agentId = agent === undefined || agent.includes("://") ? agent : `spiffe://${trustDomain}/agent/${agent}`;
  return ({ unmapped: { lanyard } }: AuditEvent): boolean => {
    const { sid, root, parent, actors, outcome } = lanyard;
    const inTree = session === undefined || [sid, root, parent].includes(session);
    // the agent acts now, acted before, or is named by an offer
    const byAgent =
      agentId === undefined ||
      [lanyard.agent, lanyard.offered_to].includes(agentId) ||
      (Array.isArray(actors) && actors.includes(agentId));
    const forPrincipal = principal === undefined || lanyard.principal === principal;
    return (canary || !lanyard.canary) && inTree && byAgent && forPrincipal && (!denied || outcome === "denied");
  };
}
