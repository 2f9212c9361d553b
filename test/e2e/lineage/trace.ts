import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { run } from "../../../bin/lanyard/program.ts";
import { done, folder, world } from "./ground.ts";

/** What `lanyard trace` says, and what it is held against. */

export interface Traced {
  readonly sid: string;
  readonly agent: string;
  readonly principal: string;
  readonly calls: readonly { readonly by: string; readonly line: Line }[];
  readonly children: readonly Traced[];
}
export interface Line {
  readonly eventId: string;
  readonly requestId?: string;
  readonly source: string;
  readonly name: string;
  readonly category?: string;
  readonly roleArn?: string;
  readonly error?: string;
}

/** What a command came to. */
export async function lanyard(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await run([...args], { terminal: terminal as never, env: {}, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

export const nodesOf = (node: Traced): Traced[] => [node, ...node.children.flatMap(nodesOf)];

interface Answer {
  readonly roots: readonly Traced[];
  readonly notes: readonly string[];
  readonly chain: readonly string[];
}

export async function trace(kind: string, id: string, ...more: readonly string[]): Promise<Answer> {
  const { out, err, code } = await lanyard("trace", kind, id, "--json", ...more);
  if (code !== 0) throw new Error(err || out);
  return JSON.parse(out) as Answer;
}

/** Request ids of a session's calls, as the trace has them and as whoever made them saw them. */
export function held(node: Traced): { readonly unmatched: readonly string[]; readonly extra: readonly string[] } {
  const found = node.calls.flatMap(({ by, line }) => (by === "sign" ? [] : [line.requestId ?? ""]));
  const made = done.filter(({ sid }) => sid === node.sid).map(({ requestId }) => requestId);
  return {
    unmatched: made.filter((id) => !found.includes(id)),
    extra: [...found.filter((id) => !made.includes(id)), ...found.filter((id, at) => found.indexOf(id) !== at)],
  };
}

/** Lines of a session's own keys. */
export const byKey = (node: Traced): readonly Line[] =>
  node.calls.flatMap(({ by, line }) => (by === "key" ? [line] : []));

/** Signatures for a session's tokens, as the cloud served them. */
export const signed = (sid: string): string[] =>
  world.cloud
    .calls()
    .flatMap(({ service, operation, userAgent, requestId }) =>
      service === "kms" && operation === "Sign" && userAgent.endsWith(` lanyard/${sid}`) ? [requestId] : [],
    );

/** Every line of CloudTrail, each once. */
export function trailLines(): readonly Record<string, unknown>[] {
  const byId = new Map<unknown, Record<string, unknown>>();
  for (const name of filesIn(world.endpoints.trailFolder)) {
    const { Records } = JSON.parse(gunzipSync(readFileSync(name)).toString()) as { Records: Record<string, unknown>[] };
    for (const line of Records) byId.set(line.eventID, line);
  }
  return [...byId.values()];
}

const filesIn = (at: string): string[] =>
  existsSync(at)
    ? readdirSync(at, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(".gz"))
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

/** Copies of both folders with more in them, and the options that name them. */
export function tampered(
  name: string,
  more: { readonly records?: readonly object[]; readonly lines?: readonly object[] },
) {
  const at = join(folder, name);
  const [audit, trail] = [join(at, "audit"), join(at, "trail")];
  cpSync(world.endpoints.auditFolder, audit, { recursive: true });
  cpSync(world.endpoints.trailFolder, trail, { recursive: true });
  for (const place of [audit, trail]) mkdirSync(join(place, "zz"), { recursive: true });
  const text = (more.records ?? []).map((each) => `${JSON.stringify(each)}\n`).join("");
  if (text !== "") writeFileSync(join(audit, "zz", "more.gz"), gzipSync(text));
  if (more.lines) writeFileSync(join(trail, "zz", "more.json.gz"), gzipSync(JSON.stringify({ Records: more.lines })));
  return ["--audit", audit, "--trail", trail] as const;
}

/** An audit record as it stands in the bucket. */
export interface AuditEvent {
  readonly metadata: { readonly uid: string };
  readonly unmapped: {
    readonly lanyard: { readonly operation: string; readonly outcome: string; readonly sid?: string };
  };
}

export const auditEvents = (): readonly AuditEvent[] =>
  filesIn(world.endpoints.auditFolder).flatMap((name) =>
    gunzipSync(readFileSync(name))
      .toString()
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as AuditEvent])),
  );
