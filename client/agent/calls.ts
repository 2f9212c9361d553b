import { spiffeAssertionType } from "../../core/model/wire.ts";
import type { EndpointSource, Endpoints } from "../endpoints.ts";
import { LanyardError } from "../error.ts";
import { type Answer, errorOf } from "../http.ts";
import type { IdentityHolder } from "./identity.ts";
import { type ProvedCallDeps, provedCall } from "./proved-call.ts";
import { retried } from "./retry.ts";

/** What authenticated calls need. */
interface CallsInput extends ProvedCallDeps {
  readonly identity: IdentityHolder;
  readonly endpoints: EndpointSource;
}

/** Parameters of a form; a name may come several times. */
export type FormInput = readonly (readonly [name: string, value: string | undefined])[];

/** Sends a form to one of the endpoints as this agent and returns the 200 answer. */
export type Calls = (endpoint: Exclude<keyof Endpoints, "attest" | "decide">, form: FormInput) => Promise<Answer>;

/**
 * Authenticated calls: the identity token as client assertion (draft-ietf-oauth-spiffe-client-auth) and a DPoP proof
 * (RFC 9449 5). When the issuer no longer accepts the identity, the agent attests again, once, since it may have been
 * cut meanwhile.
 * @throws LanyardError
 */
export function createCalls(input: CallsInput): Calls {
  return async (endpoint, form) => {
    const url = (await input.endpoints())[endpoint];
    if (url === undefined)
      throw new LanyardError("metadata_invalid", endpoint, { description: `this deployment has no such endpoint` });
    const request = { url, form, during: endpoint };
    const first = await send(request, input);
    if (first.answer.status === 200) return first.answer;
    if (first.answer.json.error !== "invalid_client") throw errorOf(first.answer, endpoint);
    input.identity.drop(first.identity);
    const second = await send(request, input);
    if (second.answer.status === 200) return second.answer;
    throw errorOf(second.answer, endpoint);
  };
}

/** A form for one endpoint. */
interface FormCall {
  readonly url: string;
  readonly form: FormInput;
  /** Named in errors. */
  readonly during: string;
}

async function send({ url, form, during }: FormCall, input: CallsInput) {
  const identity = await input.identity.get();
  const body = new URLSearchParams();
  for (const [name, value] of form) if (value !== undefined && value !== "") body.append(name, value);
  body.set("client_assertion_type", spiffeAssertionType);
  body.set("client_assertion", identity.token);
  const contentType = "application/x-www-form-urlencoded";
  const request = { url, contentType, body: body.toString(), during };
  const answer = await retried(async () => {
    const answer = await provedCall(request, input);
    if (answer.status === 503) throw errorOf(answer, during);
    return answer;
  });
  return { identity, answer };
}
