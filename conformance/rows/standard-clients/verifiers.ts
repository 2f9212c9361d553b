import { JwtVerifier } from "aws-jwt-verify";
import { generateProof } from "dpop";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as openid from "openid-client";
import { outcomeOf } from "../../../test/kit/outcome.ts";
import { send } from "../../../test/kit/wire/http.ts";
import { claimsOf } from "../../../test/kit/wire/key.ts";
import { Departure } from "../../departure.ts";
import { must, same, text } from "../../expect.ts";
import { ownAccess, sharedAccess, sharedSession } from "../../flows.ts";
import { fetchOf, guardOf } from "../../guard.ts";
import { type Row, rowsOf } from "../../row.ts";
import { clientAuth } from "./oauth4webapi.ts";

export const otherClientRows: readonly Row[] = [
  ...rowsOf("RFC 9449", [
    {
      section: "7.1",
      level: "MUST",
      by: "dpop",
      text: "A proof by another's hand is taken at a resource, for its token and its request alone",
      async run(target) {
        const { uri } = target.need("own");
        const [guard, { key }] = [await guardOf(target, { resource: uri }), await target.actor("worker")];
        const token = await sharedAccess(target);
        const url = `${new URL(uri).origin}/made/by/dpop`;
        const DPoP = await generateProof(key.pair as never, url, "GET", undefined, token);
        const headers = { authorization: `DPoP ${token}`, dpop: DPoP };
        must(
          (await outcomeOf(guard.authenticate({ method: "GET", url: "/made/by/dpop", headers }))).ok,
          "it was refused",
        );
        must(
          !(await outcomeOf(guard.authenticate({ method: "GET", url: "/elsewhere", headers }))).ok,
          "it was taken elsewhere",
        );
      },
    },
    {
      section: "5",
      level: "MUST",
      by: "openid-client",
      text: "A client discovers, gets a bound token and calls a resource, nonces and all by itself",
      async run(target) {
        const { uri, scopes } = target.need("own");
        const actor = await target.actor("worker");
        const through = fetchOf(await guardOf(target, { resource: uri, nonces: true }), uri);
        const execute = target.issuer.startsWith("http://") ? [openid.allowInsecureRequests] : [];
        const config = await openid.discovery(new URL(target.issuer), actor.id, {}, clientAuth(actor) as never, {
          algorithm: "oauth2",
          execute,
        });
        const DPoP = openid.getDPoPHandle(config, actor.key.pair as never);
        const form = { resource: uri, scope: scopes[0] ?? "" };
        const { access_token: token } = await openid.clientCredentialsGrant(config, form, { DPoP });
        config[openid.customFetch] = through as never;
        const answer = await openid.fetchProtectedResource(config, token, new URL(uri), "GET", undefined, undefined, {
          DPoP,
        });
        same([answer.status, await answer.text()], [200, "hello"], "the answer");
      },
    },
  ]),
  ...rowsOf("RFC 9068", [
    {
      section: "4",
      level: "MUST",
      by: "jose",
      text: "A verifier that knows the key set takes an ES256 token for its own audience and typ alone",
      async run(target) {
        const { uri } = target.need("own");
        const keys = createRemoteJWKSet(new URL(text((await target.metadata()).jwks_uri, "jwks_uri")));
        const wanted = { issuer: target.issuer, audience: uri, typ: "at+jwt" };
        await jwtVerify(await sharedAccess(target), keys, wanted);
        await rejects(
          jwtVerify(await sharedAccess(target), keys, { ...wanted, audience: `${uri}/` }),
          "another audience",
        );
        await rejects(jwtVerify(await sharedSession(target), keys, wanted), "a session token");
        await rejects(jwtVerify((await target.actor("worker")).identity, keys, {}), "an identity token");
      },
    },
    {
      section: "4",
      level: "MUST",
      by: "aws-jwt-verify",
      text: "A verifier that knows the key set takes ES256 and RS256 tokens, and no altered one",
      async run(target) {
        const jwks = (await send("GET", text((await target.metadata()).jwks_uri, "jwks_uri"))).json;
        for (const reach of [target.need("own"), target.need("rsa")]) {
          const verifier = JwtVerifier.create({ issuer: target.issuer, audience: reach.uri });
          verifier.cacheJwks(jwks as never);
          const token = await ownAccess(target, reach);
          same(verifier.verifySync(token).jti, claimsOf(token).jti, "jti");
          const altered = `${token.slice(0, -8)}AAAAAAAA`;
          await rejects(
            Promise.resolve().then(() => verifier.verifySync(altered)),
            "an altered token",
          );
        }
      },
    },
  ]),
];

/** A verifier of others' says no. */
async function rejects(verdict: Promise<unknown>, what: string): Promise<void> {
  const taken = await verdict.then(
    () => true,
    () => false,
  );
  if (taken) throw new Departure(`${what} was taken`);
}
