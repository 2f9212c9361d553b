import type { FactsSoFar } from "../audit/context.ts";
import type { DecisionFacts } from "../audit/record.ts";
import { type BudgetLevel, levelsOf } from "../budgets/levels.ts";
import type { Spending } from "../budgets/spend.ts";
import type { Denial } from "../denial/denial.ts";
import type { Result } from "../model/result.ts";
import type { Session } from "../model/session.ts";
import type { Reply } from "../model/wire.ts";
import { decided, decidedAll, type Form, found } from "./answer.ts";
import type { Decided, Read } from "./decide.ts";
import type { Question } from "./question.ts";
import type { Asked } from "./request.ts";
import { search } from "./search.ts";

/** What comes of a call: its answer, what its record says, and what it takes. */
export interface Outcome {
  readonly reply: Reply;
  readonly facts: Partial<FactsSoFar>;
  /** Counters of which one use each is taken. */
  readonly counters: readonly string[];
  /** What is taken from budgets, where any applies. */
  readonly spending?: Spending;
  /** Set for a single question that is answered with no. */
  readonly refusal?: Denial;
}

/** The form of the answer to what was asked. */
export function formOfAsked(asked: Asked): Form {
  if (asked.kind !== "evaluations") return { kind: asked.kind };
  return asked.isSingle ? { kind: "evaluation" } : { kind: "evaluations", questions: asked.questions.length };
}

/** The questions of a call that mean something here. */
export function understood(asked: Asked): readonly Question[] {
  const all = asked.kind === "evaluations" ? asked.questions : [asked.question];
  return all.flatMap((one) => (one.ok ? [one.value] : []));
}

/** Decides everything a call asks. */
export function conclude(asked: Asked, read: Read): Outcome {
  switch (asked.kind) {
    case "evaluation":
      return evaluation(asked.question, read);
    case "evaluations":
      return evaluations(asked, read);
    case "search": {
      if (!asked.question.ok) return { ...nothing, refusal: asked.question.error };
      const { results, of, refusal, context } = search(asked.question.value, asked.of, read);
      const facts = { ...sessionFacts(of), decisions: [named(asked.question.value, refusal)] };
      return { reply: found(results, context), facts, counters: [], ...(refusal ? { refusal } : {}) };
    }
  }
}

const nothing: Outcome = { reply: decided(false), facts: {}, counters: [] };

/** One call of a tool: the one question that takes a use of the session, where its uses are counted (threat 24). */
function evaluation(question: Result<Question, Denial>, read: Read): Outcome {
  if (!question.ok) return { ...nothing, refusal: question.error };
  const { outcome, session } = read.decide(question.value);
  const facts = sessionFacts(session);
  if (!outcome.ok)
    return {
      ...nothing,
      facts: { ...facts, decisions: [named(question.value, outcome.error)] },
      refusal: outcome.error,
    };
  const { grant, policies, asked } = outcome.value;
  return {
    reply: decided(true),
    facts: { ...facts, grants: [grant], policies, asked: [asked], decisions: [named(question.value)] },
    counters: session?.uses?.countedAt ?? [],
    ...(session ? spendingOf({ question: question.value, session, policies }, read) : {}),
  };
}

/** A call of a tool is what budgets count; to begin with a server, or to see its tools, is none. */
function spendingOf(
  {
    question: { target, cost },
    session,
    policies,
  }: { readonly question: Question; readonly session: Session; readonly policies: readonly string[] },
  { registry }: Read,
): Pick<Outcome, "spending"> {
  const levels: readonly BudgetLevel[] =
    target.type === "tool" ? levelsOf({ session, resource: target.server, policies }, registry) : [];
  if (levels.length === 0) return {};
  const server = registry.agentId(registry.resource(target.server)?.servedBy ?? "");
  const call = { resource: target.server, server, root: session.root, sid: session.sid };
  return { spending: { levels, call, ...(cost ? { cost } : {}) } };
}

function evaluations({ questions, semantics, isSingle }: Extract<Asked, { kind: "evaluations" }>, read: Read): Outcome {
  const decisions: DecisionFacts[] = [];
  const sessions = new Map<string, Session>();
  for (const question of questions) {
    const { session, outcome }: Pick<Decided, "session" | "outcome"> = question.ok
      ? read.decide(question.value)
      : { outcome: question };
    if (session) sessions.set(session.sid, session);
    const refusal = outcome.ok ? undefined : outcome.error;
    decisions.push(question.ok ? named(question.value, refusal) : { decision: false, code: question.error.code });
    if (semantics === "deny_on_first_deny" && refusal) break;
    if (semantics === "permit_on_first_permit" && !refusal) break;
  }
  const answers = decisions.map(({ decision }) => decision);
  const [first, ...others] = sessions.values();
  return {
    reply: isSingle ? decided(answers[0] === true) : decidedAll(answers),
    facts: { ...(others.length === 0 ? sessionFacts(first) : {}), decisions },
    counters: [],
  };
}

/** A question in a record, without its arguments: they are the person's. */
const named = ({ sid, target }: Question, refusal?: Denial): DecisionFacts => ({
  sid,
  resource: target.server,
  ...(target.type === "tool" && target.name !== undefined ? { tool: target.name } : {}),
  ...(target.type === "tool" && target.digest !== undefined ? { digest: target.digest } : {}),
  decision: refusal === undefined,
  ...(refusal ? { code: refusal.code } : {}),
});

/** Whose session it is; only of a session that the asker may ask about. */
const sessionFacts = (session: Session | undefined): Partial<FactsSoFar> =>
  session === undefined
    ? {}
    : {
        principal: session.principal.id,
        actors: session.actors,
        session: { sid: session.sid, root: session.root, anc: session.anc, depth: session.depth },
      };
