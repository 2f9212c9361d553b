import type { UnprovenReads } from "../attest/unproven-reads.ts";
import { type AuthenticateDeps, authenticate, type Caller, type Form, single } from "../caller/authenticate.ts";
import { authenticateByKey } from "../caller/private-key-jwt.ts";
import { ownerOfStolen, withOwner } from "../caller/stolen.ts";
import type { Denial } from "../denial/denial.ts";
import { type DpopProof, verifyDpop } from "../jose/dpop.ts";
import { decodeUnverified } from "../jose/jwt.ts";
import type { KeySets } from "../keys/key-sets.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot, RegistrySource } from "../model/snapshot.ts";
import { type Call, jwtBearerAssertionType, jwtBearerGrant } from "../model/wire.ts";
import type { SessionStore } from "../session/store.ts";
import { idJagTyp } from "./id-jag.ts";
import { authenticateByDocument } from "./workload.ts";

/** What authenticating a client of the token endpoint needs, by whatever it authenticates. */
export interface AuthenticateClientDeps extends AuthenticateDeps {
  readonly registries: RegistrySource;
  readonly store: Pick<SessionStore, "readLiveness">;
  /** Keys of issuers of workloads' tokens. */
  readonly keySets: KeySets;
  /** Whether the stage allows bearer tokens; without them no call goes without a proof. */
  readonly bearerTokens?: boolean;
  /** Reads that refusals may still cause. */
  readonly unprovenReads: UnprovenReads;
}

/** How a request authenticates its client. */
type ClientMethod = "identity-token" | "private-key-jwt" | "document";

/** A token that is shown as what an assertion grant asks for: whose authority it is tells its `typ` alone. */
export const assertionKind = (assertion: string): "id-jag" | "workload" => {
  const typ = decodeUnverified(assertion)?.header.typ;
  return typeof typ === "string" && typ.toLowerCase().replace(/^application\//, "") === idJagTyp
    ? "id-jag"
    : "workload";
};

/**
 * How a request to `token` authenticates. A platform's token authenticates by itself; beside it no client assertion is
 * taken, since a request uses one method (RFC 6749 2.3).
 */
function methodOf(form: Form): ClientMethod {
  const assertion = single(form, "grant_type") === jwtBearerGrant ? single(form, "assertion") : undefined;
  // first, so that no other authentication can carry a document past its verification
  if (assertion !== undefined && assertionKind(assertion) === "workload") return "document";
  return single(form, "client_assertion_type") === jwtBearerAssertionType ? "private-key-jwt" : "identity-token";
}

/**
 * The form's client authentication, not verified yet: whether there is one, and only one.
 * @returns nothing, or `client_unauthenticated`, `client_methods_several`
 */
export function checkClientMethod(
  call: Call,
  form: Form,
  byToken: () => Result<unknown, Denial>,
): Result<void, Denial> {
  const method = methodOf(form);
  if (method === "identity-token") {
    const claimed = byToken();
    return claimed.ok ? ok(undefined) : claimed;
  }
  const scheme = call.authorizationScheme;
  if (scheme !== undefined) return err({ code: "client_methods_several", other: "an Authorization header" });
  if (form.has("client_secret")) return err({ code: "client_methods_several", other: "a client_secret" });
  if (method === "document")
    return form.has("client_assertion")
      ? err({ code: "client_methods_several", other: "a client_assertion" })
      : ok(undefined);
  return form.has("client_assertion")
    ? ok(undefined)
    : err({ code: "client_unauthenticated", why: "client_assertion instead of nothing" });
}

/**
 * Authenticates the client of a token request: by our own identity token and its key (`caller/authenticate.ts`), by a
 * registered key (`caller/private-key-jwt.ts`), or, for the `jwt-bearer` grant, by its platform's token
 * (`jwt-bearer/workload.ts`). The last two rest on the registry, so `authorize` asks again where a newer version
 * decides, by the caller's `again`.
 * @returns the caller, or the first refusal of its method; `dpop_missing` for a call without a proof where stage or
 * registration do not allow one
 */
export async function authenticateClient(
  call: Call,
  form: Form,
  deps: AuthenticateClientDeps,
): Promise<Result<Caller, Denial>> {
  const method = methodOf(form);
  if (method === "identity-token") return authenticate(call, form, deps);
  const proof = await proofOf(call, deps);
  if (!proof.ok) return proof;
  const shown = { clientId: single(form, "client_id"), proof: proof.value };
  const by = async (registry: RegistrySnapshot): Promise<Result<Caller, Denial>> => {
    const caller =
      method === "document"
        ? await authenticateByDocument(
            { ...shown, assertion: single(form, "assertion") ?? "", url: call.url },
            registry,
            deps,
          )
        : await authenticateByKey({ ...shown, assertion: single(form, "client_assertion") ?? "" }, registry, deps);
    if (!caller.ok || proof.value) return caller;
    const consents = deps.bearerTokens === true && registry.agent(caller.value.agent)?.withoutProof === true;
    return consents ? caller : err({ code: "dpop_missing" });
  };
  const caller = await byNewestRegistry(by, deps);
  if (!caller.ok) {
    // one of our own tokens is nobody's assertion, and another key's is stolen (threat 41)
    const text = single(form, method === "document" ? "assertion" : "client_assertion") ?? "";
    return err(withOwner(caller.error, await ownerOfStolen(text, proof.value?.jkt, deps)));
  }
  proof.value?.keepKey();
  return ok({ ...caller.value, again: by });
}

/** The proof that came with the call, verified; undefined where none came. */
async function proofOf(
  call: Call,
  { clock, nonces }: Pick<AuthenticateDeps, "nonces"> & { readonly clock: Clock },
): Promise<Result<DpopProof | undefined, Denial>> {
  if (call.dpop.length === 0) return ok(undefined);
  const { dpop: proofs, method, url } = call;
  return verifyDpop({ proofs, method, url, nowSeconds: nowSeconds(clock), nonces });
}

/** Refusals that no other version of the registry changes. */
const final: ReadonlySet<Denial["code"]> = new Set(["evidence_expired", "assertion_expired", "keys_unavailable"]);

/**
 * Asks by the registry that this instance holds, and by the newest one where that refuses: the client may have been
 * registered a moment ago, and nothing else would tell this instance of it. Strangers' refusals may cost only so many
 * reads (threat 13).
 */
async function byNewestRegistry(
  by: (registry: RegistrySnapshot) => Promise<Result<Caller, Denial>>,
  { registries, store, unprovenReads }: AuthenticateClientDeps,
): Promise<Result<Caller, Denial>> {
  const registry = await registries.current();
  if (!registry) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
  const first = await by(registry);
  if (first.ok || final.has(first.error.code) || !unprovenReads.take()) return first;
  const rows = await store.readLiveness({ tombstones: [], subjects: [] });
  const version = rows.deployment?.registryVersion;
  return !rows.complete || version === undefined || version === registry.version
    ? first
    : by(await registries.at(version));
}
