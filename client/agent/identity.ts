import { momentOf, nowSeconds } from "../../core/model/ports.ts";
import type { AttestRequest } from "../../core/model/wire.ts";
import type { EndpointSource } from "../endpoints.ts";
import { EvidenceError, LanyardError } from "../error.ts";
import type { EvidenceSource } from "../evidence/platform/source.ts";
import { type Answer, errorOf, lifeIn, textIn } from "../http.ts";
import { type Life, surelyLives } from "./life.ts";
import { type ProvedCall, type ProvedCallDeps, provedCall } from "./proved-call.ts";
import { retried } from "./retry.ts";

/** What the agent proved to be. */
export interface Identity {
  /** The JWT-SVID; it is useless without the agent's key. */
  readonly token: string;
  readonly agent: string;
  readonly assurance: string;
  readonly expiresAtSeconds: number;
}

/** What attesting needs. */
interface IdentityInput extends ProvedCallDeps {
  readonly issuer: string;
  readonly agent: string;
  readonly evidence: EvidenceSource;
  readonly endpoints: EndpointSource;
}

/** Holds the identity token of this process. */
export interface IdentityHolder {
  /** A token that is still valid for a while; attests when there is none. */
  get(): Promise<Identity>;
  /** Forgets a token that the issuer no longer accepts. */
  drop(refused: Identity): void;
}

/** A token is renewed this long before it expires: a request under way must not outlive it. */
const marginSeconds = 30;
/** A bound of its own, whatever a source of evidence answers. */
const mostKinds = 8;

/**
 * Attests when needed: challenge ▸ evidence that carries it and the key's thumbprint ▸ `POST attest` with a DPoP proof.
 * However many callers ask, only one attestation runs at a time.
 */
export function createIdentity(input: IdentityInput): IdentityHolder {
  let held: { readonly identity: Identity; readonly life: Life } | undefined;
  let flight: Promise<Identity> | undefined;
  return {
    async get() {
      if (held && surelyLives(held.life, marginSeconds, input.clock)) return held.identity;
      flight ??= attestByAny(input)
        .then((attested) => {
          held = attested;
          return attested.identity;
        })
        .finally(() => {
          flight = undefined;
        });
      return flight;
    },
    drop(refused) {
      if (held?.identity === refused) held = undefined;
    },
  };
}

/** Tries once more with the evidence's next kind where it has one. */
async function attestByAny(input: IdentityInput): ReturnType<typeof attest> {
  for (let kinds = 1; ; kinds++) {
    try {
      // each try has a challenge of its own, since the last one may be used up
      const attested = await retried(() => attest(input));
      input.evidence.choosing?.accepted();
      return attested;
    } catch (error) {
      if (kinds >= mostKinds || !input.evidence.choosing?.refused(error)) throw error;
    }
  }
}

async function attest(input: IdentityInput): Promise<{ readonly identity: Identity; readonly life: Life }> {
  const { issuer, agent, evidence, key, clock } = input;
  const { attest: url } = await input.endpoints();
  const challenged = await post({ url: `${url.replace(/\/$/, "")}/challenge`, body: "{}", during: "challenge" }, input);
  const challenge = textIn(challenged, "attestation_challenge", "challenge");
  const document = await collect(evidence, { issuer, challenge, jkt: key.jkt, publicKey: key.spki });
  const request: AttestRequest = { agent, evidence: document, challenge };
  const asked = momentOf(clock);
  const askedAtSeconds = nowSeconds(clock);
  const answer = await post({ url, body: JSON.stringify(request), during: "attest" }, input);
  // otherwise a server that answers with another agent's identity could make this process act as that agent
  if (answer.json.agent !== agent)
    throw new LanyardError("answer_malformed", "attest", { description: "the identity is another agent's" });
  const lifeSeconds = lifeIn(answer, "attest");
  return {
    identity: {
      token: textIn(answer, "identity_token", "attest"),
      agent,
      assurance: textIn(answer, "assurance", "attest"),
      expiresAtSeconds: askedAtSeconds + lifeSeconds,
    },
    life: { asked, lifeSeconds },
  };
}

async function collect(
  evidence: EvidenceSource,
  request: Parameters<EvidenceSource["collect"]>[0],
): Promise<AttestRequest["evidence"]> {
  try {
    return await evidence.collect(request);
  } catch (cause) {
    // a platform's own message may quote what was sent, so only its name is told
    const why =
      cause instanceof EvidenceError
        ? cause.description
        : `failed with ${cause instanceof Error ? cause.name : "unknown"}`;
    throw new LanyardError("evidence_failed", "evidence", { description: `${evidence.type}: ${why}` });
  }
}

async function post(call: Omit<ProvedCall, "contentType">, input: IdentityInput): Promise<Answer> {
  const answer = await provedCall({ ...call, contentType: "application/json" }, input);
  if (answer.status !== 200) throw errorOf(answer, call.during);
  return answer;
}
