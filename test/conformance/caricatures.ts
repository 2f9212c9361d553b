import { SignJWT } from "jose";
import type { Ground, Workload } from "../../conformance/ground.ts";
import { testKey } from "../kit/wire/key.ts";
import { listen } from "../kit/wire/server.ts";

/** An issuer that answers whatever is asked in one way, once agents are attested. */
export interface Caricature {
  readonly ground: Ground;
  close(): Promise<void>;
}

/**
 * Starts one. Both attest everybody with a token that says nothing, and publish metadata that names endpoints alone.
 * @param way `grants`: every form is answered 200 with a token, `active: true` and all; `refuses`: 400
 * `invalid_request`
 */
export async function startCaricature(way: "grants" | "refuses"): Promise<Caricature> {
  const key = await testKey();
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: "ES256", typ: "x", x: 1 } as never)
    .sign(key.pair.privateKey);
  let issuer = "";
  const answers: Readonly<Record<string, (body: string) => object>> = {
    "/.well-known/oauth-authorization-server": () => ({
      token_endpoint: `${issuer}/token`,
      introspection_endpoint: `${issuer}/introspect`,
      revocation_endpoint: `${issuer}/revoke`,
      challenge_endpoint: `${issuer}/attest/challenge`,
      lanyard_attestation_endpoint: `${issuer}/attest`,
      registration_endpoint: "http://x.example/",
    }),
    "/attest/challenge": () => ({ attestation_challenge: "x", expires_in: 60 }),
    "/attest": (body) => ({
      identity_token: token,
      agent: JSON.parse(body).agent,
      assurance: "fresh",
      expires_in: 300,
    }),
  };
  const yes = { active: true, access_token: token, issued_token_type: "x", token_type: "x", keys: [] };
  const { origin, close } = await listen(({ path, body }) => {
    const known = answers[path];
    const [status, json] = known
      ? [200, known(body)]
      : way === "grants"
        ? [200, yes]
        : [400, { error: "invalid_request" }];
    return { status, headers: { "Content-Type": "text/x" }, body: JSON.stringify(json) };
  });
  issuer = origin;
  return { ground: groundAt(issuer, token), close };
}

/** Ground for every row there is. */
function groundAt(issuer: string, token: string): Ground {
  const evidence = { type: "x", collect: async () => ({ type: "x" }) };
  const played = (name: string): Workload => ({ id: `spiffe://x.example/agent/${name}`, evidence });
  const reach = (name: string) => ({ uri: `https://${name}.example`, scopes: [`${name}:read`, `${name}:write`] });
  const detail = (value: number) => ({ type: "x", value });
  return {
    issuer,
    worker: played("worker"),
    server: played("server"),
    opener: played("opener"),
    helper: played("helper"),
    stranger: played("stranger"),
    own: reach("own"),
    other: reach("other"),
    rsa: reach("rsa"),
    bearer: reach("bearer"),
    counted: reach("counted"),
    lent: reach("lent"),
    named: reach("named"),
    signedIn: reach("signedIn"),
    onward: reach("onward"),
    person: async () => token,
    foreignPerson: async () => token,
    asserted: async () => token,
    foreignAsserted: async () => token,
    details: { granted: detail(2), narrower: detail(1), beyond: detail(3), malformed: detail(4) },
    operator: { order: async () => undefined },
    events: () => [{ token, contentType: "text/x", accept: "", audience: "https://x.example" }],
  };
}
