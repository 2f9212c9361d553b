import { decidePaths } from "../../core/model/wire.ts";
import type { EndpointSource } from "../endpoints.ts";
import { LanyardError } from "../error.ts";
import { type Answer, errorOf } from "../http.ts";
import type { IdentityHolder } from "./identity.ts";
import { type ProvedCallDeps, provedCall } from "./proved-call.ts";
import { retried } from "./retry.ts";

/** What asking for decisions needs. */
interface DecisionsInput extends ProvedCallDeps {
  readonly identity: IdentityHolder;
  readonly endpoints: EndpointSource;
}

/** Asks the decision point (AuthZEN 1.0) one of its questions and returns the members of the 200 answer. */
export type Decide = (api: keyof typeof decidePaths, body: object) => Promise<Answer["json"]>;

/**
 * Asks as this agent: its identity token as a DPoP-bound token, and a proof that names it. Whoever is cut attests
 * again, once, as for every other endpoint.
 * @throws LanyardError; a refusal to answer is never a decision
 */
export function createDecisions(input: DecisionsInput): Decide {
  const during = "decide";
  const send = async (url: string, body: string) => {
    const identity = await input.identity.get();
    const answer = await retried(async () => {
      const request = { url, contentType: "application/json", body, during, token: identity.token };
      const answer = await provedCall(request, input);
      if (answer.status === 503) throw errorOf(answer, during);
      return answer;
    });
    return { identity, answer };
  };
  return async (api, body) => {
    const { decide } = await input.endpoints();
    if (decide === undefined)
      throw new LanyardError("metadata_invalid", during, { description: "this deployment has no decision point" });
    const url = `${decide.replace(/\/$/, "")}${decidePaths[api]}`;
    const text = JSON.stringify(body);
    const first = await send(url, text);
    if (first.answer.status === 200) return first.answer.json;
    if (first.answer.json.error !== "invalid_client") throw errorOf(first.answer, during);
    input.identity.drop(first.identity);
    const second = await send(url, text);
    if (second.answer.status === 200) return second.answer.json;
    throw errorOf(second.answer, during);
  };
}
