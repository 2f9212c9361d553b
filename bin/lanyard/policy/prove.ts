import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { z } from "zod";
import type { PolicyRegistration } from "../../../core/model/registry.ts";
import { policySchema } from "../../../core/policy/schema.ts";

/** Asks the prover (`scripts/policy-prover`): its question and its answer are JSON. @throws Error in a sentence, where it cannot */
export type Prover = (question: string) => Promise<string>;

const uid = z.object({ type: z.string(), id: z.string() });
const answered = z.discriminatedUnion("result", [
  z.object({ result: z.literal("proved"), environments: z.int().min(1) }),
  z.object({
    result: z.literal("newly-allowed"),
    ...{ principal: uid, action: uid, resource: uid },
    context: z.record(z.string(), z.json()),
    entities: z.array(z.object({ uid }).loose()),
  }),
  z.object({ result: z.literal("not-proved"), why: z.string() }),
]);

/** A request that is permitted by the proposed policies and by no present one. */
type NewlyAllowed = Extract<z.infer<typeof answered>, { readonly result: "newly-allowed" }>;

/** What is known of ALL requests, beside those that were recorded. */
export type Proof =
  | { readonly result: "proved"; readonly kinds: number }
  | NewlyAllowed
  | { readonly result: "not-proved"; readonly why: string };

const notProved = (why: string): Proof => ({ result: "not-proved", why });

/**
 * Whether proposed policies permit no request that the present ones refuse, of all requests there can be. It is about
 * policies alone: what registrations, delegation rules and sessions allow bounds them further. The prover is not
 * believed where it can be checked: a request that it shows is put to Cedar itself.
 */
export async function prove(
  before: readonly PolicyRegistration[],
  after: readonly PolicyRegistration[],
  prover: Prover,
): Promise<Proof> {
  const question = { schema: policySchema, before: textsOf(before), after: textsOf(after) };
  const gone = unheardOf(question.before, question.after).find((name) => question.before[name]?.includes("evidence"));
  // the decision point's questions have no evidence: what reads it refuses all of them, and its going permits some
  if (gone !== undefined) return notProved(`${gone} reads evidence, and is changed or gone`);
  const text = await prover(JSON.stringify(question)).catch((cause: unknown) => cause as Error);
  if (typeof text !== "string") return notProved(text.message);
  const read = answered.safeParse(parsed(text));
  if (!read.success) return notProved("the prover answered nothing that can be read");
  const answer = read.data;
  if (answer.result === "proved") return { result: "proved", kinds: answer.environments };
  if (answer.result === "not-proved") return answer;
  const real = permits(question.after, answer) && !permits(question.before, answer);
  return real ? answer : notProved("the prover showed a request about which Cedar says otherwise");
}

/**
 * Policies that permit or forbid at once, by name: not what is only logged, nor a permit that waits for people or wants
 * something of a sign-in. To take such an annotation away is to permit anew.
 */
function textsOf(policies: readonly PolicyRegistration[]): Readonly<Record<string, string>> {
  const counting = policies.filter(({ mode, cedar: text }) => {
    const read = cedar.policyToJson(text);
    // what cannot be read refuses everything; the prover says so
    const asked = read.type === "success" && read.json.effect === "permit" ? (read.json.annotations ?? {}) : {};
    const waits = ["approval", "max_age", "acr"].some((name) => name in asked);
    return mode !== "log" && !waits;
  });
  return Object.fromEntries(counting.map(({ name, cedar: text }) => [name, text]));
}

/** Names of policies whose text the other set has not. */
function unheardOf(these: Readonly<Record<string, string>>, others: Readonly<Record<string, string>>): string[] {
  const texts = new Set(Object.values(others));
  return Object.entries(these).flatMap(([name, text]) => (texts.has(text) ? [] : [name]));
}

/** As the engine decides: a policy that cannot be evaluated refuses. */
function permits(staticPolicies: Readonly<Record<string, string>>, { result: _, ...request }: NewlyAllowed): boolean {
  const answer = cedar.isAuthorized({
    ...(request as unknown as Omit<cedar.AuthorizationCall, "policies">),
    policies: { staticPolicies: { ...staticPolicies } },
  });
  if (answer.type === "failure") return false;
  const { decision, diagnostics } = answer.response;
  return decision === "allow" && diagnostics.errors.length === 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A proof as lines to print. */
export function proofLines(proof: Proof): readonly string[] {
  if (proof.result === "proved") return ["proved: these policies permit no request that the present ones refuse"];
  if (proof.result === "not-proved") return [`not proved, only replayed: ${proof.why}`];
  const { principal, action, resource, context } = proof;
  const name = ({ type, id }: NewlyAllowed["principal"]) => `${type}::${JSON.stringify(id)}`;
  return [
    `+ would permit a request that the present policies refuse: ${name(principal)}, ${action.id}, ${name(resource)}`,
    `    in context ${JSON.stringify(context)}`,
  ];
}
