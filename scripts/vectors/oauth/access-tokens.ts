import { tokenTyp } from "../../../core/model/wire.ts";
import { createVerifier } from "../../../core/verify/access-token.ts";
import type { VerifyRefusal } from "../../../core/verify/refusal.ts";
import { MemoryWeb } from "../../../test/kit/memory/web.ts";
import type { Evaluated, Outcome } from "../document.ts";

/** Who made the access tokens of a note, for whom, and when it is. */
interface AccessTokenNote {
  readonly now: number;
  readonly issuer: string;
  /** The resource the verifier stands for. */
  readonly audience: string;
  readonly keys: readonly object[];
  /** The algorithms the note allows; where it is one, the resource is registered for it. */
  readonly algorithms: readonly string[];
}

/** How a case shows its token: a proof goes with the DPoP scheme, and without one it comes as a bearer token. */
interface ShownToken {
  readonly token: string;
  readonly proof?: string | undefined;
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

/** Members that our issuer alone puts into its access tokens: a stranger's good token stops at the first it lacks. */
const ourOwn = new Set(["sid", "root", "depth", "assurance", "cnf", "status"]);

/**
 * Evaluates one access token by the verifier of a resource server, which takes bearer tokens so that a token without a proof
 * is read to its end.
 * @returns `policy` for a token that holds in all that RFC 9068 asks and is of no session of ours
 * @throws Error when the token made the verifier ask anybody but its issuer
 */
export async function evaluateAccessToken(note: AccessTokenNote, shown: ShownToken): Promise<Evaluated> {
  const { issuer, audience: resource, now, algorithms } = note;
  const web = new MemoryWeb();
  // RFC 8414 3.1: a slash that ends the issuer is no part of its metadata's place
  const base = issuer.replace(/\/$/, "");
  web.put(`${base}/.well-known/oauth-authorization-server`, { issuer, jwks_uri: `${base}/jwks` });
  web.put(`${base}/jwks`, { keys: note.keys.map((key) => ({ ...key, lanyard_typ: tokenTyp.access })) });
  const [only] = algorithms.length === 1 ? algorithms : [];
  const verifier = createVerifier({
    issuer,
    resource,
    clock: { nowMillis: () => now * 1000 },
    fetcher: web,
    acceptBearer: true,
    ...(only === "ES256" || only === "RS256" ? { algorithm: only } : {}),
  });
  const { token, proof, method = "GET", url = resource } = shown;
  const authorization = [`${proof === undefined ? "Bearer" : "DPoP"} ${token}`];
  const verified = await verifier.verify({ method, url, authorization, dpop: proof === undefined ? [] : [proof] });
  const stray = web.asked.find((asked) => !asked.startsWith(`${base}/`));
  if (stray !== undefined) throw new Error(`the token made the verifier ask ${stray}`);
  if (verified.ok) return { outcome: "valid", reason: `subject ${verified.value.principal.id}` };
  return { outcome: outcomeOf(verified.error), reason: refusalText(verified.error) };
}

function outcomeOf(refusal: VerifyRefusal): Outcome {
  // nothing of the token is wrong when only its life could not be asked for: notes have no status list
  if (refusal.code === "status_unavailable") return "policy";
  return refusal.code === "claims_invalid" && ourOwn.has(refusal.claim) ? "policy" : "invalid";
}

function refusalText(refusal: VerifyRefusal): string {
  const { code, claim, why } = refusal as { code: string; claim?: string; why?: string };
  return [code, claim, why].filter((part) => part !== undefined).join(": ");
}
