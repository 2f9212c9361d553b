import { type Authenticated, createResourceServer, type ResourceServer } from "../client/verify.ts";
import { type Outcome, outcomeOf } from "../test/kit/outcome.ts";
import type { WireTwist } from "../test/kit/wire/client.ts";
import { dpopProof } from "../test/kit/wire/key.ts";
import type { Actor, Target } from "./target.ts";

/** How a resource is guarded. */
interface GuardOptions {
  readonly resource: string;
  readonly nonces?: true;
  readonly acceptBearer?: true;
  /** Asks the issuer about every request. */
  readonly introspecting?: true;
  readonly algorithm?: "ES256" | "RS256";
  readonly scopes?: readonly string[];
}

/** A resource server by the client library, which evaluates requests in this process, by the issuer's own keys and lists. */
export async function guardOf(target: Target, options: GuardOptions): Promise<ResourceServer> {
  return target.once(`guard ${JSON.stringify(options)}`, async () => {
    const { resource, nonces, acceptBearer, introspecting, algorithm, scopes } = options;
    return createResourceServer({
      issuer: target.issuer,
      resource,
      description: { ...(scopes ? { scopes } : {}) },
      ...(nonces ? { nonces } : {}),
      ...(acceptBearer ? { acceptBearer } : {}),
      ...(algorithm ? { algorithm } : {}),
      ...(introspecting ? { mode: "introspect", agent: (await target.actor("server")).agent } : { mode: "offline" }),
    });
  });
}

/** One request to a guarded resource. */
interface Shown {
  readonly guard: ResourceServer;
  readonly actor: Actor;
  readonly token: string;
  readonly resource: string;
  readonly scheme?: "DPoP" | "Bearer";
  readonly nonce?: string;
  readonly twist?: WireTwist;
  /** Sends no proof at all. */
  readonly unproved?: true;
  readonly path?: string;
}

/** Shows a token to a guard with a proof made by hand. */
export async function show(shown: Shown): Promise<Outcome<Authenticated>> {
  const { guard, actor, token, resource, scheme = "DPoP", nonce, twist, unproved, path = "/" } = shown;
  const url = `${new URL(resource).origin}${path}`;
  const proved = { method: "GET", url: url.split("?")[0] ?? url, accessToken: token, nonce };
  const dpop = unproved ? [] : (twist?.instead ?? [dpopProof(actor.key, proved, twist)]);
  const headers = { authorization: `${scheme} ${token}`, ...(dpop.length > 0 ? { dpop } : {}) };
  return outcomeOf(guard.authenticate({ method: "GET", url: path, headers }));
}

/** Its answer as a fetch would see it, for clients that are not ours. */
export const fetchOf =
  (guard: ResourceServer, resource: string, otherwise: typeof fetch = fetch): typeof fetch =>
  async (input, init) => {
    const request = new Request(input, init);
    const at = new URL(request.url);
    if (at.origin !== new URL(resource).origin) return otherwise(input, init);
    const plain = { method: request.method, url: at.pathname + at.search, headers: request.headers };
    const evaluated = await outcomeOf(guard.authenticate(plain));
    if (evaluated.ok) return new Response("hello", { headers: evaluated.value.answerHeaders });
    const { status, headers, body } = evaluated.error.reply;
    return new Response(status === 204 ? null : body, { status, headers });
  };
