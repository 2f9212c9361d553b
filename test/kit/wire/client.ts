import type { Content } from "./forms.ts";
import { type Answer, type Headers, header, send } from "./http.ts";
import { dpopProof, type ProofTwist, type Proved, type TestKey } from "./key.ts";

/** Who proves a request, and how the proof is wrong. */
interface Prover {
  readonly key: TestKey;
  readonly twist?: WireTwist | undefined;
}

/** How what is sent in the header DPoP may be wrong. */
export interface WireTwist extends ProofTwist {
  /** The whole header's value instead of a proof; several are sent as several headers. */
  readonly instead?: readonly string[];
}

/** A client that keeps nothing but the newest nonce of each server (RFC 9449 8). */
export interface Wire {
  /** Sends exactly this; see {@link send}. */
  readonly send: typeof send;
  /** A proof with the newest nonce of the server it goes to, unless another is given. */
  proof(key: TestKey, proved: Proved, twist?: ProofTwist): string;
  /** Posts with a proof; told to come back with a nonce, it does so. */
  post(url: string, content: Content, prover: Prover): Promise<Answer>;
}

/** A client without a past. */
export function createWire(): Wire {
  const nonces = new Map<string, string>();
  const wire: Wire = {
    async send(method, url, headers?: Headers, body?: string) {
      const answer = await send(method, url, headers, body);
      const newer = header(answer, "dpop-nonce");
      if (newer !== "") nonces.set(new URL(url).origin, newer);
      return answer;
    },
    proof: (key, proved, twist) => dpopProof(key, { nonce: nonces.get(new URL(proved.url).origin), ...proved }, twist),
    async post(url, { type, body }, { key, twist }) {
      const attempt = () => {
        const DPoP = twist?.instead ?? wire.proof(key, { url }, twist);
        return wire.send("POST", url, { "Content-Type": type, DPoP }, body);
      };
      const first = await attempt();
      // a nonce alone must stop nobody: a test that is refused for want of one would have seen nothing
      return first.json.error === "use_dpop_nonce" && twist?.instead === undefined ? attempt() : first;
    },
  };
  return wire;
}
