import { randomIds } from "../keys.ts";
import { idp, otherIdp } from "../registry.ts";
import { testKey } from "../wire/key.ts";
import type { Ground } from "./ground.ts";

/** The two providers that people sign in at, on the world's web. */
export async function openProviders({ time, web }: Ground) {
  const [idpKey, otherIdpKey] = await Promise.all([testKey(), testKey()]);
  // both publish under the SAME kid: keys must never be looked up by kid alone
  web.issuer(idp, [{ ...idpKey.jwk, kid: "k1", alg: "ES256", use: "sig" }]);
  web.issuer(otherIdp, [{ ...otherIdpKey.jwk, kid: "k1", alg: "ES256", use: "sig" }]);

  /** An ID token for a person by one of the providers; `client` is its `aud`. */
  const idToken = (client: string, more: object = {}, provider: "idp" | "other" = "idp") =>
    (provider === "idp" ? idpKey : otherIdpKey).jws(
      { alg: "ES256", kid: "k1", typ: "JWT" },
      {
        iss: provider === "idp" ? idp : otherIdp,
        sub: "ada",
        aud: client,
        iat: time.seconds,
        exp: time.seconds + 3600,
        jti: randomIds.id(),
        auth_time: time.seconds,
        groups: ["support"],
        ...more,
      },
    );
  return { idpKey, idToken };
}
