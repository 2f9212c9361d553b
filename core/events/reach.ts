import { limits } from "../model/limits.ts";
import type { ReceiverRegistration } from "../model/registry.ts";
import { ancestorsOf, type Session } from "../model/session.ts";
import { subjects } from "../model/subjects.ts";
import type { Revoked } from "./revoked.ts";
import { agentSubject, deploymentSubject, principalSubject, type SubjectId, sessionSubject } from "./security-event.ts";

/** The members of a session's row that decide whom its end concerns. */
export type ReachedSession = Pick<
  Session,
  "root" | "sid" | "anc" | "epochs" | "login" | "principal" | "actors" | "grants" | "expiresAtSeconds"
>;

/** Sessions, read only and strongly consistent. */
export interface ReachStore {
  tree(root: string): Promise<readonly ReachedSession[]>;
  rootOf(sid: string): Promise<string | undefined>;
  sessions(subject: string, nowSeconds: number): AsyncIterable<{ readonly root: string }>;
}

/** Who is told, and about which subjects. */
interface Reach {
  readonly receivers: readonly ReceiverRegistration[];
  readonly subjects: readonly SubjectId[];
}

/** A revocation, and what is needed to find whom it concerns. */
interface ReachQuestion {
  readonly issuer: string;
  readonly revoked: Revoked;
  /** The epoch a revoked agent, principal or build has now: sessions under a lower one are over. */
  readonly epoch: number;
  readonly receivers: readonly ReceiverRegistration[];
  /** Of a revoked person: the agents that this person owns, by their ids. */
  readonly owned: readonly string[];
  readonly nowSeconds: number;
}

/**
 * Finds the receivers that a revocation concerns: those where a session that it ended, and that had not yet expired,
 * held a grant at one of their resources. No other receiver learns that a principal or an agent exists. One subject
 * stands for everything that a revocation ended, so that each receiver gets one event however many sessions ended. At
 * most `limits.eventTrees` trees are read. When there are more, all other receivers are told as well, since a receiver
 * that learns one pseudonym too many is a smaller harm than one that misses a revocation.
 */
export async function reach(question: ReachQuestion, store: ReachStore): Promise<Reach> {
  const { revoked, issuer } = question;
  if (revoked.kind === "deployment") return { receivers: question.receivers, subjects: [deploymentSubject(issuer)] };
  if (revoked.kind === "session") return reachTree(question, store);
  return reachSubject(question, revoked.kind, store);
}

async function reachTree({ issuer, revoked, receivers, nowSeconds }: ReachQuestion, store: ReachStore): Promise<Reach> {
  const sid = revoked.id;
  const known = await store.tree(revoked.root ?? sid);
  const elsewhere = known.some((one) => one.sid === sid) ? undefined : await store.rootOf(sid);
  const tree = elsewhere === undefined ? known : await store.tree(elsewhere);
  const session = tree.find((one) => one.sid === sid);
  if (!session) return { receivers: [], subjects: [] };
  const ended = tree.filter((one) => (one.sid === sid || ancestorsOf(one).includes(sid)) && lives(one, nowSeconds));
  return {
    receivers: receivers.filter((receiver) => ended.some((one) => concerns(receiver, one))),
    subjects: [sessionSubject(issuer, sid, session.principal.id)],
  };
}

async function reachSubject(
  question: ReachQuestion,
  kind: "agent" | "principal" | "build",
  store: ReachStore,
): Promise<Reach> {
  const { revoked, epoch, receivers, nowSeconds } = question;
  const subject = subjects[kind](revoked.id);
  const told = new Set<ReceiverRegistration>();
  const found: Found = { agents: new Set(), chain: new Set(), asked: false };
  const roots = new Set<string>();
  let all = false;
  for await (const { root } of store.sessions(subject, nowSeconds)) {
    if (roots.has(root)) continue;
    // all agents that run a build are known only after every session of it was read, and so is whether somebody who owns
    // agents has asked for anything
    const mayStop = kind === "agent" || (kind === "principal" && question.owned.length === 0);
    all = roots.size >= limits.eventTrees || (mayStop && told.size === receivers.length);
    if (all) break;
    roots.add(root);
    const ended = (await store.tree(root)).filter(
      (one) => (one.epochs[subject] ?? epoch) < epoch && lives(one, nowSeconds),
    );
    for (const one of ended) {
      for (const receiver of receivers) if (concerns(receiver, one)) told.add(receiver);
      found.agents.add(one.actors[one.actors.length - 1] ?? "");
      for (const actor of one.actors) found.chain.add(actor);
      found.asked ||= one.principal.id === revoked.id;
    }
  }
  return { receivers: all ? receivers : [...told], subjects: subjectsOf(kind, question, all ? "too many" : found) };
}

/** What was seen of the sessions that a revocation ended. */
interface Found {
  /** Those whose sessions they were. */
  readonly agents: Set<string>;
  /** Those, and all above them. */
  readonly chain: Set<string>;
  /** Whether the revoked principal asked for one of them. */
  asked: boolean;
}

/**
 * Receivers know no builds. They are told of the agents that run one, or of the whole deployment when those are too
 * many to name. Nor do they know who owns an agent: of a person they are told where that person asked for something, and
 * of an owner's agents otherwise, since the sessions of those stand under the names of others.
 */
function subjectsOf(
  kind: "agent" | "principal" | "build",
  { issuer, owned, revoked: { id } }: ReachQuestion,
  found: Found | "too many",
): readonly SubjectId[] {
  if (kind === "agent") return [agentSubject(id)];
  if (kind === "principal") {
    const agents = owned.filter((agent) => found === "too many" || found.chain.has(agent));
    if (agents.length > limits.eventSubjects) return [deploymentSubject(issuer)];
    const own = found === "too many" || found.asked || agents.length === 0 ? [principalSubject(issuer, id)] : [];
    return [...own, ...agents.map(agentSubject)];
  }
  return found === "too many" || found.agents.size > limits.eventSubjects
    ? [deploymentSubject(issuer)]
    : [...found.agents].map(agentSubject);
}

const lives = (session: ReachedSession, nowSeconds: number): boolean => session.expiresAtSeconds > nowSeconds;

const concerns = ({ resources }: ReceiverRegistration, { grants }: ReachedSession): boolean =>
  resources === "all" || grants.some(({ resource }) => resources.includes(resource));
