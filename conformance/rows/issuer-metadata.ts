import { header } from "../../test/kit/wire/http.ts";
import { holds, must, same, text } from "../expect.ts";
import { fetched, keysAt } from "../published.ts";
import { rowsOf } from "../row.ts";
import { wellKnown } from "../target.ts";

export const issuerMetadataRows = rowsOf("RFC 8414", [
  {
    section: "3",
    level: "MUST",
    text: "Metadata is JSON at the well-known address of the issuer, by GET",
    async run(target) {
      const answer = await fetched(wellKnown(target.issuer, "oauth-authorization-server"));
      must(/^application\/json\b/.test(header(answer, "content-type")), "it is not application/json");
    },
  },
  {
    section: "3.3",
    level: "MUST",
    text: "issuer is the very identifier it was asked by, and has no query or fragment",
    async run(target) {
      same((await target.metadata()).issuer, target.issuer, "issuer");
      must(!/[?#]/.test(target.issuer), "it has a query or fragment");
    },
  },
  {
    section: "2",
    level: "MUST",
    text: "token_endpoint, jwks_uri and response_types_supported are there, grants and methods are named, no list is empty (3.2)",
    async run(target) {
      const metadata = await target.metadata();
      for (const name of ["token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"])
        must(URL.canParse(text(metadata[name], name)), `${name} is no URL`);
      must(Array.isArray(metadata.response_types_supported), "response_types_supported is missing");
      for (const [name, value] of Object.entries(metadata))
        must(!Array.isArray(value) || value.length > 0, `${name} is empty`);
      holds(metadata.grant_types_supported, "client_credentials", "grant_types_supported");
      holds(metadata.grant_types_supported, "urn:ietf:params:oauth:grant-type:token-exchange", "grant_types_supported");
    },
  },
  {
    section: "2",
    level: "MUST",
    text: "Where clients sign assertions, the algorithms are named, and none is not among them",
    async run(target) {
      const metadata = await target.metadata();
      for (const name of ["token", "introspection", "revocation"]) {
        const list = metadata[`${name}_endpoint_auth_signing_alg_values_supported`];
        must(Array.isArray(list) && list.length > 0, `${name}'s algorithms are missing`);
        must(!list.includes("none"), "none is among them");
      }
    },
  },
  {
    section: "2",
    level: "MUST",
    text: "jwks_uri holds public keys, each with use, and signs what the issuer signs",
    async run(target) {
      const keys = await keysAt(text((await target.metadata()).jwks_uri, "jwks_uri"));
      for (const key of keys) {
        same(key.use, "sig", "use");
        for (const secret of ["d", "p", "q", "dp", "dq", "qi", "k"])
          must(!(secret in key), `a key shows its ${secret}`);
      }
      same(new Set(keys.map(({ kid }) => kid)).size, keys.length, "how many kids there are");
    },
  },
  {
    section: "2",
    level: "MUST",
    text: "Endpoints are https, or on this machine alone",
    async run(target) {
      for (const [name, value] of Object.entries(await target.metadata())) {
        if (!/_endpoint$|_uri$/.test(name)) continue;
        const { protocol, hostname } = new URL(text(value, name));
        const here = hostname === "127.0.0.1" || hostname === "localhost" || hostname.endsWith(".localhost");
        must(protocol === "https:" || here, `${name} is ${value}`);
      }
    },
  },
]);
