import type { Denial } from "../../../denial/denial.ts";
import { limits } from "../../../model/limits.ts";
import { replayKey } from "../../../model/replay/entry.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import { evidenceTags } from "../../../model/wire.ts";
import type { AttestedFacts, Evidence, Expectation } from "../../contract/attestor.ts";
import type { StsRelay } from "../../contract/aws.ts";
import { type callerFacts, type NamedCaller, roleFacts } from "../assumed-role.ts";
import { readCallerIdentity } from "./answer.ts";
import {
  callerIdentityBody,
  callerIdentityContentType,
  parseAmzDate,
  type RequestFault,
  readAuthorization,
  readHeaders,
  readHost,
  type SignedCallerIdentity,
} from "./request.ts";

/** What proving a caller's identity needs. */
export interface CallerIdentityDeps {
  readonly relay: StsRelay;
  /**
   * Partition of this deployment, `aws`. Callers of another are refused, since the same account number is a different
   * account there.
   */
  readonly partition: string;
}

type Facts = Readonly<Record<(typeof callerFacts)[number] | "region", string>>;

/** A kind of evidence that rests on such a request. */
interface CallerEvidence extends CallerIdentityDeps {
  /** `evidence.type`, for denials. */
  readonly type: string;
  /** Members that the evidence may have; any other is refused. */
  readonly members: readonly string[];
}

/** A proven session of a role. */
export interface ProvenCaller {
  readonly facts: Facts;
  readonly evidenceEntry: AttestedFacts["evidenceEntry"];
}

/**
 * Proves who signed a GetCallerIdentity request, for every kind of evidence that rests on one. Everything that can be
 * decided without STS is checked before STS is asked.
 * @returns the session of a role, or `evidence_invalid`, `evidence_unbound`, `attestation_unavailable`
 */
export async function proveCaller(
  kind: CallerEvidence,
  evidence: Evidence,
  expect: Expectation,
): Promise<Result<ProvenCaller, Denial>> {
  const { type, members, partition } = kind;
  const tell = teller(type, expect);
  const odd = Object.keys(evidence).some((name) => !members.includes(name));
  const shape = tell("shape", odd ? fault("shape", "a member is not documented") : ok("documented members only"));
  if (!shape.ok) return shape;
  const request = readRequest(evidence, partition, { nowSeconds: expect.nowSeconds, tell });
  if (!request.ok) return request;
  const bound = checkBinding(type, request.value, expect);
  if (!bound.ok) return bound;
  const caller = await ask(kind, request.value, expect);
  if (!caller.ok) return caller;
  const facts = tell("workload", roleFacts(caller.value, partition));
  if (!facts.ok) return facts;
  const { host, region, signature, signedAtSeconds } = request.value;
  const expiresAtSeconds = signedAtSeconds + limits.callerIdentityWindowSeconds + limits.foreignSkewSeconds;
  return ok({
    facts: { ...facts.value, region },
    evidenceEntry: { kind: "evidence", key: replayKey("evidence", host, signature), expiresAtSeconds },
  });
}

const fault = (check: string, why: string) => err<RequestFault>({ check, why });

type Tell = <T>(name: string, result: Result<T, RequestFault>) => Result<T, Denial>;

/** Reports each check to `onCheck`, and turns a failed one into a denial. */
function teller(type: string, { onCheck }: Expectation): Tell {
  return (name, result) => {
    if (result.ok) {
      onCheck?.({ name, ok: true, detail: typeof result.value === "string" ? result.value : "as expected" });
      return result;
    }
    const { check, why } = result.error;
    onCheck?.({ name: check, ok: false, detail: why });
    return err({ code: "evidence_invalid", type, check, why });
  };
}

function readRequest(
  evidence: Evidence,
  partition: string,
  { nowSeconds, tell }: { readonly nowSeconds: number; readonly tell: Tell },
): Result<SignedCallerIdentity, Denial> {
  const place = tell("host", readHost(evidence, partition));
  if (!place.ok) return place;
  const headers = tell("headers", readHeaders(evidence));
  if (!headers.ok) return headers;
  const { host, region } = place.value;
  const authorization = tell("signed-headers", readAuthorization(headers.value, region));
  if (!authorization.ok) return authorization;
  const signedAtSeconds = parseAmzDate(headers.value["x-amz-date"]);
  // our own window: STS would accept a request for 15 minutes
  const fresh =
    signedAtSeconds !== undefined && Math.abs(nowSeconds - signedAtSeconds) <= limits.callerIdentityWindowSeconds;
  const time = tell("time", fresh ? ok(signedAtSeconds) : fault("time", "not signed within the last minute"));
  if (!time.ok) return time;
  return ok({ host, region, headers: headers.value, signedAtSeconds: time.value, ...authorization.value });
}

function checkBinding(type: string, { headers }: SignedCallerIdentity, expect: Expectation): Result<void, Denial> {
  for (const field of ["issuer", "challenge", "jkt"] as const) {
    const matches = headers[evidenceTags[field]] === expect[field];
    expect.onCheck?.({ name: field, ok: matches, detail: matches ? "signed for this request" : "of another request" });
    if (!matches) return err({ code: "evidence_unbound", type, field });
  }
  return ok(undefined);
}

/** Sends the rebuilt request. Host, request line, body and the two headers beside the caller's are fixed by us. */
async function ask(
  { type, relay }: CallerEvidence,
  { host, headers }: SignedCallerIdentity,
  { onCheck }: Expectation,
): Promise<Result<NamedCaller, Denial>> {
  const sent = await relay.send({
    host,
    headers: { "content-type": callerIdentityContentType, accept: "application/json", ...headers },
    body: callerIdentityBody,
  });
  const failed = (why: string, denial: Denial) => {
    onCheck?.({ name: "caller-identity", ok: false, detail: why });
    return err(denial);
  };
  if (!sent.ok) {
    const why = `STS: ${sent.error.why}, ${sent.error.detail}`;
    return failed(why, { code: "attestation_unavailable", type, why });
  }
  const read = readCallerIdentity(sent.value);
  if (read.ok) {
    onCheck?.({ name: "caller-identity", ok: true, detail: "STS names the caller" });
    return read;
  }
  const { kind, why } = read.error;
  if (kind === "later") return failed(why, { code: "attestation_unavailable", type, why });
  const check = kind === "refused" ? "signature" : "answer";
  return failed(why, { code: "evidence_invalid", type, check, why });
}
