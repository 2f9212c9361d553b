import { importJWK, jwtVerify } from "jose";
import { headerOf } from "../../../test/kit/wire/key.ts";
import { must, same, text } from "../../expect.ts";
import { fetched, keysAt } from "../../published.ts";
import { rowsOf } from "../../row.ts";
import type { Target } from "../../target.ts";

const bundleUri = async (target: Target) =>
  text((await target.metadata()).lanyard_spiffe_bundle_uri, "the bundle's address");

export const bundleRows = rowsOf("SPIFFE bundle", [
  {
    section: "4.1",
    level: "MUST",
    text: "The bundle is a JWK set; each JWT authority has use jwt-svid and a kid",
    async run(target) {
      for (const key of await keysAt(await bundleUri(target))) {
        same(key.use, "jwt-svid", "use");
        text(key.kid, "kid");
        must(!("d" in key), "a key is private");
      }
    },
  },
  {
    section: "4.1.3",
    level: "SHOULD",
    text: "spiffe_refresh_hint says how many seconds it may be kept",
    async run(target) {
      const { spiffe_refresh_hint: hint } = (await fetched(await bundleUri(target))).json;
      must(Number.isInteger(hint) && Number(hint) > 0, `it is ${hint}`);
    },
  },
  {
    section: "4.1.2",
    level: "SHOULD",
    text: "spiffe_sequence is a whole number that never goes back, so that no older bundle passes for this one",
    async run(target) {
      const sequence = async () => Number((await fetched(await bundleUri(target))).json.spiffe_sequence ?? Number.NaN);
      const [first, second] = [await sequence(), await sequence()];
      must(Number.isSafeInteger(first) && first >= 0 && second >= first, `it is ${first}, then ${second}`);
    },
  },
  {
    section: "4.2",
    level: "MUST",
    text: "An SVID verifies by the bundle's keys, for the issuer as audience",
    by: "jose",
    async run(target) {
      const { id, identity } = await target.actor("worker");
      const { kid, alg } = headerOf(identity);
      const jwk = (await keysAt(await bundleUri(target))).find((key) => key.kid === kid);
      must(jwk !== undefined, `the bundle has no key ${kid}`);
      // jose's key sets pass over keys of use jwt-svid, as SPIFFE means them to be: the key is taken by hand
      const key = await importJWK(jwk, String(alg));
      const { payload } = await jwtVerify(identity, key, { audience: target.issuer });
      same(payload.sub, id, "sub");
    },
  },
  {
    section: "4.2",
    level: "MUST",
    text: "An SVID's key stands in the bundle alone: nobody who verifies tokens holds it",
    async run(target) {
      const { kid } = headerOf((await target.actor("worker")).identity);
      const own = await keysAt(await bundleUri(target));
      const keys = await keysAt(text((await target.metadata()).jwks_uri, "jwks_uri"));
      must(own.some((key) => key.kid === kid) && !keys.some((key) => key.kid === kid), `${kid} stands elsewhere`);
    },
  },
]);
