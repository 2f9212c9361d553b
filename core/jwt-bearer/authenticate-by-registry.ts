import { type AuthenticateDeps, type Caller, type Form, single } from "../caller/authenticate.ts";
import { authenticateByKey } from "../caller/private-key-jwt.ts";
import { ownerOfStolen, withOwner } from "../caller/stolen.ts";
import type { Denial } from "../denial/denial.ts";
import { type DpopProof, verifyDpop } from "../jose/dpop.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import type { Call } from "../model/wire.ts";
import type { AuthenticateClientDeps } from "./client-deps.ts";
import { authenticateByDocument } from "./workload.ts";

/** A request that authenticates by what the registry says. */
interface ByRegistry {
  readonly call: Call;
  readonly form: Form;
  readonly method: "private-key-jwt" | "document";
}

/**
 * Authenticates a client by a registered key or by its platform's token. Both rest on the registry, so `authorize` asks
 * again where a newer version decides, by the caller's `again`.
 * @returns the caller, or the first refusal of its method; `dpop_missing` for a call without a proof where stage or
 * registration do not allow one
 */
export async function authenticateByRegistry(
  { call, form, method }: ByRegistry,
  deps: AuthenticateClientDeps,
): Promise<Result<Caller, Denial>> {
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
