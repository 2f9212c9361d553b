import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose";
import { verifyDpop } from "../../../core/jose/dpop.ts";
import { publicJwkFor } from "../../../core/jose/public-jwk.ts";
import { spiffeAssertionType, tokenExchangeGrant } from "../../../core/model/wire.ts";
import { readTokenRequest } from "../../../core/token/request.ts";
import { sha256 } from "../../../test/kit/wire/key.ts";
import { tokens } from "../../../test/kit/world/tokens.ts";
import { createWorld } from "../../../test/kit/world/world.ts";
import { denialText, type Evaluated } from "../document.ts";
import { evaluateAccessToken } from "./access-tokens.ts";
import { openCast } from "./exchange-cast.ts";

type Members = Readonly<Record<string, unknown>>;

/** A form as it is sent. */
export const formOf = (form: unknown) => new URLSearchParams(form as Record<string, string>).toString();
const is = (holds: boolean, reason: string): Evaluated => ({ outcome: holds ? "valid" : "invalid", reason });

/** A type of subject token, read as the token endpoint reads it. */
export async function evaluateType(type: string): Promise<Evaluated> {
  const world = await createWorld([], tokens);
  const request = { grant_type: tokenExchangeGrant, subject_token: "t", subject_token_type: type };
  const assertion = { client_assertion_type: spiffeAssertionType, client_assertion: "a" };
  const read = readTokenRequest(world.call(formOf({ ...request, ...assertion }), []));
  return is(read.ok, read.ok ? `read as ${read.value.request.subject?.type}` : denialText(read.error));
}

/** What introspection says of a token that means nothing here. */
export async function evaluateInactive(wanted: Members): Promise<Evaluated> {
  const world = await createWorld([], tokens);
  const { status, body } = await world.send("introspect", await world.newAgent("ticket-api"), { token: "unknown" });
  const said = JSON.stringify(body);
  return is(status === 200 && said === JSON.stringify(wanted), `${status} ${said}`);
}

/** RFC 7009 2.2: a token that means nothing here is revoked already. */
export async function evaluateRevocation({ form }: Members): Promise<Evaluated> {
  const world = await createWorld([], tokens);
  const { status } = await world.send("revoke", await world.newAgent("planner"), form as Record<string, string>);
  return is(status === 200, `answered ${status}`);
}

/** Details of types that nobody registered are refused, by the error that the note names. */
export async function evaluateDetails(details: unknown, error: unknown): Promise<Evaluated> {
  const { session, send } = await openCast();
  const { status, body } = await send({
    grant_type: tokenExchangeGrant,
    subject_token: session,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    audience: "https://rs.example.com",
    authorization_details: JSON.stringify(details),
  });
  if (status !== 200 && body.error !== error) throw new Error(`answered ${body.error}, not ${error}`);
  return is(status === 200, `${body.error}: ${body.error_description}`);
}

/** The standard's own proofs, each at its time; that at a resource is for the token which stands beside it. */
export async function evaluateProof(section: Members, name: "token" | "resource"): Promise<Evaluated> {
  const { clock, access_token, jkt } = section as { clock: Record<string, number>; access_token: string; jkt: string };
  const asked =
    name === "token"
      ? { method: "POST", url: "https://server.example.com/token" }
      : { method: "GET", url: "https://resource.example.org/protectedresource", ath: sha256(access_token) };
  const proofs = [String(section[`${name}_request_proof`])];
  const proof = await verifyDpop({ ...asked, proofs, nowSeconds: Number(clock[name]) });
  return proof.ok ? is(proof.value.jkt === jkt, `key ${proof.value.jkt}`) : is(false, denialText(proof.error));
}

/** An access token as the standard's example has it, signed here: it holds, and is of no session of ours. */
export async function evaluateToken({ header, claims }: Members): Promise<Evaluated> {
  const { iss, aud, iat } = claims as { iss: string; aud: string; iat: number };
  const { alg, kid } = header as { alg: string; kid: string };
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const signing = new SignJWT(claims as JWTPayload).setProtectedHeader(header as JWTHeaderParameters);
  const keys = [{ ...(await exportJWK(publicKey)), kid, alg, use: "sig" }];
  const note = { now: iat + 1, issuer: iss, audience: aud, keys, algorithms: [alg] };
  return evaluateAccessToken(note, { token: await signing.sign(privateKey) });
}

/** A key's name (RFC 7638), of the key as we take it. */
export async function evaluateThumbprint({ jwk, thumbprint }: Members): Promise<Evaluated> {
  const key = publicJwkFor("RS256", jwk);
  if (!key) return is(false, "no key that we take");
  const made = await calculateJwkThumbprint(key);
  return is(made === thumbprint, made);
}
