import {
  AccessError,
  createResourceNonces,
  createResourceServer,
  type ResourceServer,
} from "../../../client/verify.ts";
import type { CaseFile, CaseReply, CaseStep, VerifyCase } from "./case.ts";

/** What became of one step. */
export interface StepOutcome {
  readonly expect: string;
  readonly reply?: CaseReply;
  readonly access?: Readonly<Record<string, unknown>>;
}

/** Runs a case's requests against the TypeScript guard, one after the other. */
export async function runCase(
  file: CaseFile,
  { options = {}, documents, token = "", steps }: VerifyCase,
): Promise<readonly StepOutcome[]> {
  const web = new Map<string, string | null>(Object.entries({ ...file.documents, ...documents }));
  const time = { seconds: file.nowSeconds };
  const clock = { nowMillis: () => time.seconds * 1000 };
  const { nonces, introspect, ...others } = options;
  const guard = createResourceServer({
    ...{ issuer: file.issuer, resource: file.resource, clock, ...others },
    ...(introspect ? { mode: "introspect", agent: agentBy(introspect) } : { mode: "offline" }),
    ...(nonces === undefined
      ? {}
      : { nonces: createResourceNonces({ resource: file.resource, secret: Buffer.from(nonces, "base64url"), clock }) }),
    fetch: async (url) => {
      const body = web.get(String(url));
      return new Response(body, { status: body === undefined || body === null ? 404 : 200 });
    },
  });
  const outcomes: StepOutcome[] = [];
  for (const step of steps) {
    time.seconds += step.after ?? 0;
    for (const [url, body] of Object.entries(step.documents ?? {})) web.set(url, body);
    outcomes.push(await runStep(guard, step, { target: file.target, token }));
  }
  return outcomes;
}

async function runStep(
  guard: ResourceServer,
  step: CaseStep,
  { target, token }: Record<"target" | "token", string>,
): Promise<StepOutcome> {
  const headers: Record<string, string[]> = {};
  for (const [name, value] of step.headers) {
    const held = headers[name.toLowerCase()] ?? [];
    headers[name.toLowerCase()] = [...held, value.replace("{token}", token)];
  }
  try {
    const request = { method: step.method ?? "POST", url: step.target ?? target, headers };
    const { access, requires, permits } = await guard.authenticate(
      request,
      step.operation ? { scopes: step.operation } : undefined,
    );
    if (step.requires) requires(...step.requires);
    if (step.permits) permits(step.permits);
    const { principal, details: _, ...facts } = access;
    return { expect: "accepted", access: { principal: principal.id, kind: principal.kind, ...facts } };
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    return { expect: error.code, reply: error.reply };
  }
}

const agentBy = (answers: Readonly<Record<string, object | string>>) => ({
  async introspect(token: string) {
    const answer = answers[token];
    if (typeof answer !== "object") throw new Error("no answer");
    return answer as { readonly active: boolean };
  },
});
