import { startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import type { CompiledPolicy } from "../aws/compile.ts";
import { lineageOf } from "../aws/lineage.ts";
import { placesOf } from "../aws/places.ts";
import { authenticate } from "../caller/authenticate.ts";
import { askSts } from "../credentials/ask-sts.ts";
import { authorizeOwn, type OwnPart } from "../credentials/authorize-own.ts";
import { type ChosenRole, chooseRole } from "../credentials/choose-role.ts";
import type { CredentialsContext, CredentialsPorts } from "../credentials/context.ts";
import { awsFactsOf, credentialsReply, stillAlive, storeVend } from "../credentials/release.ts";
import { readCredentialsRequest } from "../credentials/request.ts";
import type { AwsCredentials } from "../credentials/sts.ts";
import type { Denial } from "../denial/denial.ts";
import { nowSeconds } from "../model/ports.ts";
import { ok, type Result } from "../model/result.ts";
import { currentAgent } from "../model/session.ts";
import type { AwsCredentialsReply, Call, Reply } from "../model/wire.ts";
import { sha256 } from "../text/digest.ts";
import { factsOfAsked } from "../token/context.ts";

/** Everything the credentials endpoint stands on. */
interface CredentialsDeps extends CredentialsPorts, DenyDeps {}

/**
 * The way of one request for credentials of AWS. This list and the numbered steps below are the same list:
 *
 * 1. **read**: the caller's own session token, one resource, nothing believed (`credentials/request.ts`)
 * 2. **authenticate**: our own identity token and a DPoP proof by its key (`caller/authenticate.ts`)
 * 3. **authorize** as an access token of that session is: liveness in one strongly consistent batch, in which a proof
 *    that was used before is found too, narrowing all or nothing, policies; from a bucket of its own, since STS is one
 *    quota for everybody (`credentials/authorize-own.ts`)
 * 4. **choose** the one role that stands for the resource and is registered for this agent
 *    (`credentials/choose-role.ts`)
 * 5. **compile** what the session may do there into policies that allow it, deny all else, and deny everything once the
 *    session has ended (`aws/compile.ts`)
 * 6. **assume** the role, and make its credentials as short as the stage says (`credentials/ask-sts.ts`)
 * 7. **store** what was given, replay entry and record in ONE transaction (`credentials/release.ts`)
 * 8. **look again**, now that a revocation can find what was stored
 * 9. **answer**: until here nobody but this function has seen the secret, and it stands nowhere else
 */
export function createCredentialsEndpoint(deps: CredentialsDeps): (call: Call) => Promise<Reply> {
  return async (call) => {
    const audit = startAudit(call, "credentials.vend", deps.clock);
    // 1. read
    const read = readCredentialsRequest(call);
    if (!read.ok) return deny(deps, read.error, audit);
    const { request, form } = read.value;
    // 2. authenticate
    const caller = await authenticate(call, form, deps);
    if (!caller.ok) return deny(deps, caller.error, audit);
    audit.add(factsOfAsked(caller.value, request));
    audit.authenticated = true;
    const outcome = await decideAndVend({ request, caller: caller.value, audit, ports: deps });
    return outcome.ok ? okReply(outcome.value) : deny(deps, outcome.error, audit);
  };
}

async function decideAndVend(context: CredentialsContext): Promise<Result<AwsCredentialsReply, Denial>> {
  const { request, caller, audit, ports } = context;
  // 3. authorize
  const part = await authorizeOwn(context, { lifeSeconds: ports.lifeSeconds, operation: "credentials.vend" });
  if (!part.ok) return part;
  const { authorized, session, grant } = part.value;
  // 4. choose
  const named = request.role === undefined ? {} : { role: request.role };
  const chosen = chooseRole({ agent: caller.agent, grant, ...named }, authorized.registry, ports.accounts);
  if (!chosen.ok) return chosen;
  audit.add({ aws: awsFactsOf(chosen.value.role) });
  // 5. compile
  // (loaded with the first request that gets so far: a cold start has enough to read)
  const { compileDocuments } = await import("../aws/compile.ts");
  const documents = compileDocuments({
    role: chosen.value.role,
    scopes: grant.scopes,
    details: grant.details,
    type: authorized.registry.detailsType,
    notAfterSeconds: session.expiresAtSeconds,
  });
  if (!documents.ok) return documents;
  // 6. assume
  const by = { chosen: chosen.value, documents: documents.value, places: placesOf(chosen.value.role, grant.scopes) };
  const given = await assume(part.value, by, context);
  if (!given.ok) return given;
  // 7. store
  const stored = await storeVend({ part: part.value, chosen: chosen.value, credentials: given.value }, context);
  if (!stored.ok) return stored;
  // 8. look again
  const alive = await stillAlive(part.value, context);
  // 9. answer
  return alive.ok ? ok(credentialsReply(given.value, session, nowSeconds(ports.clock))) : alive;
}

/** Asks STS in the session's name, and puts on record by which of its request ids CloudTrail knows the answers. */
async function assume(
  { authorized, session }: OwnPart,
  by: {
    readonly chosen: ChosenRole;
    readonly documents: CompiledPolicy;
    readonly places: readonly string[];
  },
  { audit, ports }: CredentialsContext,
): Promise<Result<AwsCredentials, Denial>> {
  const { documents, places } = by;
  const { role } = by.chosen;
  const policyDigest = await sha256([documents.first, ...documents.scoped].join("\n"));
  const requestIds: string[] = [];
  const asked = { role, documents, lineage: lineageOf(session), externalId: `${ports.trustDomain}/${ports.stage}` };
  const bounds = { lifeSeconds: authorized.plan.lifeSeconds, sessionEndsAtSeconds: session.expiresAtSeconds };
  const description = `${currentAgent(session)} depth=${session.depth} policies=${authorized.registry.version}`;
  const given = await askSts({ ...asked, ...bounds, description }, ports, (id) => requestIds.push(id));
  audit.add({ aws: { ...awsFactsOf(role), places, policyDigest, requestIds } });
  return given;
}

const okReply = (body: AwsCredentialsReply): Reply => ({
  status: 200,
  contentType: "application/json",
  body: JSON.stringify(body),
});
