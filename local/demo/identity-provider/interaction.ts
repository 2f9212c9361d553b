import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import { personOf } from "./people.ts";

/** The page, and the word it asks for: a secret of this process. */
interface SignInPage {
  readonly provider: Provider;
  readonly word: string;
}

/**
 * The provider's sign-in and consent page, reduced to what the harness needs: `GET` says which of the two is asked,
 * `POST` answers it. Signing in takes the provider's one-time word, which only the harness of this process knows:
 * a page in the developer's browser that reaches this port must not be able to sign the person in.
 */
export async function interact(
  { provider, word }: SignInPage,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (request.method === "GET") {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ asked: prompt.name, client: params.client_id }));
    return;
  }
  const form = new URLSearchParams(await bodyOf(request));
  if (prompt.name === "login") {
    const person = personOf(form.get("person") ?? "");
    if (!person || form.get("word") !== word) {
      response.writeHead(403).end();
      return;
    }
    await provider.interactionFinished(request, response, { login: { accountId: person.sub } });
    return;
  }
  const grant =
    (grantId && (await provider.Grant.find(grantId))) ||
    new provider.Grant({ accountId: String(session?.accountId), clientId: String(params.client_id) });
  const missing = prompt.details as { missingOIDCScope?: string[]; missingResourceScopes?: Record<string, string[]> };
  if (missing.missingOIDCScope) grant.addOIDCScope(missing.missingOIDCScope.join(" "));
  for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  await provider.interactionFinished(
    request,
    response,
    { consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: true },
  );
}

const formBytes = 4_096;

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > formBytes) throw new Error(`the form is larger than ${formBytes} bytes`);
  }
  return body;
}
