import { type CryptoKey, calculateJwkThumbprint, decodeJwt, exportJWK, SignJWT } from "jose";
import { spiffeAssertionType } from "../../core/model/wire.ts";
import { base64urlOf } from "../../core/text/base64url.ts";
import type { LanyardAgent } from "../agent/agent.ts";
import type { KeyPair } from "../agent/agent-key.ts";
import { LanyardError } from "../error.ts";

/** How a client says who it is, at a token endpoint. */
export interface ClientAuthentication {
  /** `client_id`; empty for a workload that its assertion alone names. */
  readonly clientId: string;
  /** Sent as the authorization server's metadata says: in the header, or in the form. */
  readonly secret?: string;
  /** The key that tokens must be bound to, where it is not the provider's own. */
  readonly key?: KeyPair;
  /**
   * What a request carries besides, in place of a secret; made anew for each request.
   * @param issuer the authorization server's own name for itself
   */
  parameters?(issuer: string): Promise<Readonly<Record<string, string>>>;
}

/** A client with a secret. It is sent to the pinned issuer alone. */
export const clientSecret = ({
  id,
  secret,
}: {
  readonly id: string;
  readonly secret: string;
}): ClientAuthentication => ({
  clientId: id,
  secret,
});

/**
 * A client without any: `client_id` alone. A workload that proves itself by its assertion (workload identity
 * federation) has no id to send either, unless its authorization server gave it one.
 */
export const publicClient = ({ id }: { readonly id?: string } = {}): ClientAuthentication =>
  id === undefined ? { clientId: "", parameters: async () => ({}) } : { clientId: id };

/** Input of {@link privateKeyJwt}. */
export interface PrivateKeyJwtInput {
  readonly id: string;
  readonly key: CryptoKey;
  /** The key's algorithm, such as `ES256`. */
  readonly alg: string;
  /** The key's id, as it is registered. */
  readonly kid?: string;
}

/** RFC 7523 2.2. */
const jwtAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** How long an assertion lives, in seconds: it is used at once. */
const assertionLifeSeconds = 60;

/**
 * A client that signs an assertion (RFC 7523 2.2) for each request, with the issuer as its only audience: one made for
 * another authorization server is worth nothing here (RFC 7523bis).
 */
export const privateKeyJwt = ({ id, key, alg, kid }: PrivateKeyJwtInput): ClientAuthentication => ({
  clientId: id,
  async parameters(issuer) {
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(issuer)
      .setJti(base64urlOf(crypto.getRandomValues(new Uint8Array(16))))
      .setIssuedAt()
      .setExpirationTime(`${assertionLifeSeconds} s`)
      .sign(key);
    return { client_id: id, client_assertion_type: jwtAssertionType, client_assertion: assertion };
  },
});

/**
 * An attested agent of Lanyard: its identity token is the assertion, and tokens are bound to the key of that token.
 * @param input `key`: the pair that the agent was created with
 */
export const attested = ({
  agent,
  key,
}: {
  readonly agent: LanyardAgent;
  readonly key: KeyPair;
}): ClientAuthentication => ({
  clientId: agent.agent,
  key,
  async parameters() {
    const { token } = await agent.identity();
    // otherwise every request would be refused, with an error that names neither key
    if (!(await isBoundTo(token, key)))
      throw new LanyardError("proof_refused", "token", { description: "the agent was created with another key" });
    return { client_assertion_type: spiffeAssertionType, client_assertion: token };
  },
});

async function isBoundTo(token: string, key: KeyPair): Promise<boolean> {
  const { cnf } = decodeJwt<{ cnf?: { jkt?: string } }>(token);
  return cnf?.jkt === (await calculateJwkThumbprint(await exportJWK(key.publicKey)));
}
