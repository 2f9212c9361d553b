import { type AskedColumn, questionOf } from "../../../core/audit/columns.ts";
import { isEncrypted, withheld } from "../../../core/audit/personal.ts";
import { erased, type KeyOf, revealColumns } from "../../../core/audit/reveal.ts";
import { type PolicyEngine, type PolicyQuestion, turnOf } from "../../../core/model/decision.ts";
import type { RegistrySnapshot } from "../../../core/model/snapshot.ts";
import type { AuditEvent } from "../audit/events.ts";

/** The new outcome of one recorded decision. */
type Turn = ReturnType<typeof turnOf>;

/** Decisions of one agent that would be decided otherwise; similar ones are counted together. */
export interface Change {
  readonly agent: string;
  /** The new outcome. */
  readonly to: Turn;
  readonly action: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Why it would be refused, or the policies that would permit it. */
  readonly by: string;
  count: number;
  /** `metadata.uid` of one such event. */
  readonly example: string;
}

/** What a replay found. */
export interface Replay {
  /** Events read, and how many of them contain decisions by policy. */
  readonly events: number;
  readonly decisions: number;
  /** Decisions that would be the same. */
  readonly same: number;
  /**
   * Decisions that cannot be asked again: policies read groups or purposes, and those of this person are erased, were
   * withheld, or are encrypted under a key that nobody gave.
   */
  readonly unread: number;
  readonly changes: readonly Change[];
  /** Distinct questions that were put to the policies. */
  readonly asked: number;
}

/** One recorded decision: the question, and its answer then. */
interface Recorded {
  readonly question: PolicyQuestion;
  readonly was: Turn;
}

/**
 * The decisions one event records. A request asks once for each resource and stops at the first refusal. So if policy
 * refused the request, its last question was refused; all others were permitted, with approval or another sign-in where
 * the record says so.
 */
async function decisionsOf(event: AuditEvent, texts: Texts): Promise<readonly (Recorded | "unread")[]> {
  const {
    asked: written,
    denial,
    approval_resources: waited = [],
  } = event.unmapped.lanyard as {
    asked?: readonly AskedColumn[];
    approval_resources?: readonly string[];
    denial?: { readonly code?: string; readonly resources?: readonly string[] };
  };
  if (!Array.isArray(written)) return [];
  const asked = await readable(written, event.metadata.uid, texts);
  return asked.flatMap((column, at): readonly (Recorded | "unread")[] => {
    if (column === "unread") return [column];
    const question = questionOf(column);
    const refused = denial?.code === "policy_denied" && at === asked.length - 1;
    const unsigned = denial?.code === "sign_in_insufficient" && denial.resources?.includes(column.resource);
    const other = unsigned ? "sign-in" : waited.includes(column.resource) ? "approval" : "permitted";
    const was: Turn = refused ? "refused" : other;
    return question ? [{ question, was }] : [];
  });
}

/** How texts of persons are read, and whether policies ask for them at all. */
interface Texts {
  readonly keyOf: KeyOf | undefined;
  readonly matter: boolean;
}

const hidden = (text: string): boolean => isEncrypted(text) || text === withheld || text === erased;

/** The questions as they were asked. Nobody's key is asked for where no policy reads what it would open. */
async function readable(
  asked: readonly AskedColumn[],
  eventId: string,
  { keyOf, matter }: Texts,
): Promise<readonly (AskedColumn | "unread")[]> {
  const seen = matter && keyOf ? (await revealColumns({ asked }, eventId, keyOf)).asked : asked;
  return seen.map((one) => {
    const { purpose, groups, ...rest } = one;
    const isHidden = (purpose !== undefined && hidden(purpose)) || groups.some(hidden);
    if (!isHidden) return one;
    return matter ? "unread" : { ...rest, groups: [] };
  });
}

/** The events to replay, and the policies to use. */
export interface Past {
  readonly events: AsyncIterable<AuditEvent>;
  readonly registry: RegistrySnapshot;
  /** Keys of persons; without them what policies read of persons stays unread. */
  readonly keyOf?: KeyOf;
}

/**
 * Puts recorded questions to a proposed registry's policies. Questions that look the same to policies are asked once;
 * the time is ignored unless a policy reads it.
 * @param onProgress called after every thousand decisions
 */
export async function replay(
  { events, registry, keyOf }: Past,
  engine: PolicyEngine,
  onProgress: (decisions: number) => void = () => {},
): Promise<Replay> {
  const timed = registry.policies.some((policy) => /\bnow\b|@max_age\b/.test(policy.cedar));
  const matter = registry.policies.some(({ cedar }) => /Group::|asserted/.test(cedar));
  const answers = new Map<string, Answer>();
  const changes = new Map<string, Change>();
  let [read, decisions, same, unread] = [0, 0, 0, 0];
  for await (const event of events) {
    read += 1;
    for (const one of await decisionsOf(event, { keyOf, matter })) {
      if (one === "unread") unread += 1;
      if (one === "unread") continue;
      const { question, was } = one;
      decisions += 1;
      if (decisions % 1_000 === 0) onProgress(decisions);
      const key = JSON.stringify(timed ? question : { ...question, nowSeconds: 0 });
      const answer = answers.get(key) ?? ask(question, registry, engine);
      if (answers.size < mostAnswers) answers.set(key, answer);
      if (answer.turn === was) same += 1;
      else add(changes, changeOf(question, answer, event.metadata.uid));
    }
  }
  return { events: read, decisions, same, unread, asked: answers.size, changes: [...changes.values()].sort(order) };
}

/** Most answers that are kept, so that a year of events does not fill the memory. */
const mostAnswers = 200_000;

/** The proposed policies' answer to one question. */
interface Answer {
  readonly turn: Turn;
  readonly by: string;
}

function ask(question: PolicyQuestion, registry: RegistrySnapshot, engine: PolicyEngine): Answer {
  const decision = engine.decide(registry, question);
  return decision.allowed
    ? { turn: "permitted", by: decision.policies.join(", ") || "log-only mode" }
    : { turn: turnOf(decision), by: decision.why };
}

function changeOf({ agent, action, grant }: PolicyQuestion, { turn, by }: Answer, example: string): Change {
  const { resource, scopes } = grant;
  return { agent, to: turn, action, resource, scopes, by, count: 1, example };
}

/** Counts a change together with those that differ only in their example. */
function add(changes: Map<string, Change>, change: Change): void {
  const { agent, to, action, resource, scopes, by } = change;
  const key = JSON.stringify([agent, to, action, resource, scopes, by]);
  const known = changes.get(key);
  if (known) known.count += change.count;
  else changes.set(key, change);
}

/** Newly permitted changes come first, since these must be reviewed. */
const order = (a: Change, b: Change): number =>
  a.to.localeCompare(b.to) || a.agent.localeCompare(b.agent) || b.count - a.count;
