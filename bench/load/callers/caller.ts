import { randomBytes } from "node:crypto";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import type { EvidenceSource } from "../../../client/evidence/platform/source.ts";
import { replayKey } from "../../../core/model/replay/entry.ts";
import { createWire } from "../../../test/kit/wire/client.ts";
import { assertion, type Content, type Fields, formBody, jsonBody } from "../../../test/kit/wire/forms.ts";
import { type Answer, header } from "../../../test/kit/wire/http.ts";
import { claimsOf, type TestKey, testKey } from "../../../test/kit/wire/key.ts";
import type { Raised } from "../cloud/orders.ts";
import type { Asked, Ledger } from "../ledger.ts";
import type { Operation } from "./arrivals.ts";

/** An agent that calls: its key, its documents, and the identity token it was given last. */
export interface Caller {
  readonly id: string;
  readonly key: TestKey;
  readonly evidence: EvidenceSource;
  /** Empty before it has attested. */
  identity: string;
  /** What the person signed in with; of a server of resources empty. */
  readonly person: string;
}

/** Asks over the wire, each request with a proof of its own, and has the ledger hear every answer. */
export interface Wire {
  /** Posts a form as an attested agent, which attests anew where its identity token is about to end. */
  form(asked: "token" | "introspect" | "revoke", who: Caller, of: Operation, fields: Fields): Promise<Answer>;
  /** Challenge, evidence, identity token: three calls, of which the second goes to STS. The last answer there was. */
  attest(who: Caller, of: Operation): Promise<Answer>;
}

/** Opens the way to a raised cloud. */
export function openWire({ endpoints }: Pick<Raised, "endpoints">, ledger: Ledger): Wire {
  const wire = createWire();
  const urls = { ...endpoints, challenge: `${endpoints.attest}/challenge` };
  const post = async (asked: Asked, who: Caller, of: Operation, content: Content): Promise<Answer> => {
    const jti = randomBytes(16).toString("base64url");
    const answer = await wire.post(urls[asked], content, { key: who.key, twist: { claims: { jti } } });
    const { status, json } = answer;
    const retryAfter = header(answer, "retry-after");
    ledger.hear({
      operation: of,
      asked,
      proofKey: replayKey("dpop", who.key.jkt, jti),
      status,
      error: status === 200 ? undefined : String(json.error ?? json.Message ?? "no error code"),
      retryAfterSeconds: /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined,
      requestId: header(answer, "x-request-id"),
    });
    return answer;
  };
  const wayIn: Wire = {
    async form(asked, who, of, fields) {
      if (endsSoon(who)) {
        const renewed = await wayIn.attest(who, of);
        if (renewed.status !== 200) return renewed;
      }
      return post(asked, who, of, formBody([...assertion(who), ...fields]));
    },
    async attest(who, of) {
      const asked = await post("challenge", who, of, jsonBody({}));
      if (asked.status !== 200) return asked;
      const challenge = String(asked.json.attestation_challenge);
      const { jkt, pair } = who.key;
      const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
      const evidence = await who.evidence.collect({ issuer: endpoints.issuer, challenge, jkt, publicKey });
      const answer = await post("attest", who, of, jsonBody({ agent: who.id, evidence, challenge }));
      if (answer.status === 200) who.identity = String(answer.json.identity_token);
      return answer;
    },
  };
  return wayIn;
}

/** A caller that has not attested yet, of the workload that the cloud gives this agent. */
export async function makeCaller({ endpoints }: Pick<Raised, "endpoints">, name: string): Promise<Caller> {
  const workload = endpoints.agents[name];
  if (workload === undefined) throw new Error(`the registry holds no agent ${name}`);
  const { id, credentials } = workload;
  const evidence = awsStsWebIdentity({ ...endpoints.aws, credentials: { ...credentials } });
  return { id, key: await testKey(), evidence, identity: "", person: "" };
}

/** Has a person sign in for a caller's application, by code and PKCE. */
export async function signedIn(
  caller: Caller,
  name: string,
  { endpoints }: Pick<Raised, "endpoints">,
): Promise<Caller> {
  const answer = await fetch(`${endpoints.signIn}?agent=${name}`);
  const { id_token: person } = (await answer.json()) as { readonly id_token?: string };
  if (person === undefined) throw new Error(`nobody could sign in for ${name}: ${answer.status}`);
  return { ...caller, person };
}

/** An identity token with less of its life left is not used any more: a starved machine takes its time. */
const leastSeconds = 60;
const endsSoon = (who: Caller): boolean => identityEnds(who) - Date.now() / 1000 < leastSeconds;

/** When an identity token ends, in seconds since 1970. */
export const identityEnds = ({ identity }: Caller): number => Number(claimsOf(identity).exp);
