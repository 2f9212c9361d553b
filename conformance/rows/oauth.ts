import { assertion, formBody, formOf, formType } from "../../test/kit/wire/forms.ts";
import { header, send } from "../../test/kit/wire/http.ts";
import { testKey } from "../../test/kit/wire/key.ts";
import { granted, must, refused, same, text } from "../expect.ts";
import { ownWork, sharedAccess, tokenIn } from "../flows.ts";
import { rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

const own = async (target: Target) => ownWork(target.need("own"));

/** The token endpoint's own demands. */
export const oauthRows = rowsOf("RFC 6749", [
  {
    section: "3.2",
    level: "MUST",
    text: "The token endpoint takes POST alone",
    async run(target) {
      const url = await target.endpoint("token");
      for (const method of ["GET", "PUT", "DELETE"]) {
        const answer = await send(method, `${url}?${formOf(await own(target))}`);
        must(answer.status === 405, `${method} was answered ${answer.status}`);
      }
    },
  },
  {
    section: "3.2",
    level: "MUST",
    text: "A parameter without a value is treated as if it had been left out",
    async run(target) {
      const worker = await target.actor("worker");
      tokenIn(await target.ask("token", worker, [...(await own(target)), ["purpose", ""]]));
    },
  },
  {
    section: "3.2",
    level: "MUST",
    text: "A parameter the server does not know is ignored",
    async run(target) {
      const worker = await target.actor("worker");
      tokenIn(await target.ask("token", worker, [...(await own(target)), ["unheard_of", "x"]]));
    },
  },
  {
    section: "3.2",
    level: "MUST",
    text: "No parameter but resource and audience (RFC 8693 2.1) may be sent twice",
    async run(target) {
      const worker = await target.actor("worker");
      for (const name of ["grant_type", "scope", "client_assertion", "subject_token"]) {
        const answer = await target.ask("token", worker, [...(await own(target)), [name, "a"], [name, "b"]]);
        refused(answer, 400, "invalid_request");
      }
    },
  },
  {
    section: "5.2",
    level: "MUST",
    text: "A client that does not authenticate gets nothing but invalid_client",
    async run(target) {
      const answer = await target.wire.post(await target.endpoint("token"), formBody(await own(target)), {
        key: await testKey(),
      });
      refused(answer, 401, "invalid_client");
    },
  },
  {
    section: "5.2",
    level: "MUST",
    text: "A client that tries a Basic header alone is challenged in that scheme, by 401 invalid_client",
    async run(target) {
      const url = await target.endpoint("token");
      const key = await testKey();
      const headers = {
        "Content-Type": formType,
        DPoP: target.wire.proof(key, { url }),
        Authorization: `Basic ${Buffer.from("worker:secret").toString("base64")}`,
      };
      const answer = await send("POST", url, headers, formOf(await own(target)));
      refused(answer, 401, "invalid_client");
      must(/^Basic realm="/.test(header(answer, "www-authenticate")), "it is not challenged by Basic");
    },
  },
  {
    section: "2.3",
    level: "MUST",
    text: "A client uses one method of authentication: a header or a secret beside the assertion is invalid_request",
    async run(target) {
      const [url, worker] = [await target.endpoint("token"), await target.actor("worker")];
      const form = [...assertion(worker), ...(await own(target))];
      for (const [headers, more] of [
        [{ Authorization: `Basic ${Buffer.from("worker:secret").toString("base64")}` }, []],
        [{}, [["client_secret", "secret"]]],
      ] as const) {
        const DPoP = target.wire.proof(worker.key, { url });
        const sent = { "Content-Type": formType, DPoP, ...headers };
        refused(await send("POST", url, sent, formOf([...form, ...more])), 400, "invalid_request");
      }
    },
  },
  {
    section: "4.4.3",
    level: "SHOULD",
    text: "Client credentials are answered without a refresh token",
    async run(target) {
      const worker = await target.actor("worker");
      const answer = granted(await target.ask("token", worker, await own(target)));
      must(!("refresh_token" in answer), "a refresh token was issued");
    },
  },
  {
    section: "5.1",
    level: "MUST",
    text: "A granted answer is JSON with access_token, token_type and a life in seconds",
    async run(target) {
      const worker = await target.actor("worker");
      const answer = await target.ask("token", worker, await own(target));
      const json = granted(answer);
      text(json.access_token, "access_token");
      text(json.token_type, "token_type");
      must(Number.isInteger(json.expires_in) && Number(json.expires_in) > 0, "expires_in is no number of seconds");
      must(/^application\/json\b/.test(header(answer, "content-type")), "it is not application/json");
    },
  },
  {
    section: "5.1",
    level: "MUST",
    text: "Answers of the token endpoint carry Cache-Control: no-store and Pragma: no-cache, granted or refused",
    async run(target) {
      const worker = await target.actor("worker");
      for (const form of [await own(target), [["grant_type", "unheard-of"]] as const]) {
        const answer = await target.ask("token", worker, form);
        must(/\bno-store\b/.test(header(answer, "cache-control")), "it lacks no-store");
        must(/\bno-cache\b/.test(header(answer, "pragma")), "it lacks Pragma");
      }
    },
  },
  {
    section: "5.2",
    level: "MUST",
    text: "A grant that is not known is unsupported_grant_type",
    async run(target) {
      const worker = await target.actor("worker");
      for (const grant of ["authorization_code", "password", "refresh_token", "CLIENT_CREDENTIALS", "__proto__"])
        refused(await target.ask("token", worker, [["grant_type", grant]]), 400, "unsupported_grant_type");
    },
  },
  {
    section: "5.2",
    level: "MUST",
    text: "A request without a grant is invalid_request",
    async run(target) {
      refused(await target.ask("token", await target.actor("worker"), []), 400, "invalid_request");
    },
  },
  {
    section: "5.2",
    level: "MUST",
    text: "A scope that is unknown, or wider than the client may have, is invalid_scope",
    async run(target) {
      const { uri } = target.need("own");
      for (const scope of ["conformance:unheard-of", "*", "openid"])
        refused(
          await target.ask("token", await target.actor("worker"), ownWork({ uri, scopes: [scope] })),
          400,
          "invalid_scope",
        );
    },
  },
  {
    section: "5.2",
    level: "MUST",
    text: "Failed client authentication is invalid_client by 401",
    async run(target) {
      const worker = await target.actor("worker");
      const answer = await target.ask("token", { ...worker, identity: `${worker.identity}x` }, await own(target));
      refused(answer, 401, "invalid_client");
    },
  },
  {
    section: "5.2",
    level: "MUST",
    text: "error and error_description hold printable ASCII without quote and backslash",
    async run(target) {
      const worker = await target.actor("worker");
      const answer = await target.ask("token", worker, [
        ["grant_type", "client_credentials"],
        ["resource", target.need("own").uri],
        ["scope", 'töö"\\'],
      ]);
      refused(answer, 400, "invalid_scope");
      for (const said of [answer.json.error, answer.json.error_description])
        must(/^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/.test(String(said)), `it says ${JSON.stringify(said)}`);
    },
  },
  {
    section: "5.2",
    level: "MUST",
    text: "A request that is no form is invalid_request by 400",
    async run(target) {
      const [url, worker] = [await target.endpoint("token"), await target.actor("worker")];
      const DPoP = target.wire.proof(worker.key, { url });
      const form = Object.fromEntries([...assertion(worker), ...(await own(target))]);
      const answer = await send("POST", url, { "Content-Type": "application/json", DPoP }, JSON.stringify(form));
      refused(answer, 400, "invalid_request");
    },
  },
  {
    section: "4.1.2.1",
    level: "MUST",
    text: "The authorization endpoint refuses by its own codes and redirects nobody to an address it does not know",
    async run(target) {
      const url = text((await target.metadata()).authorization_endpoint, "authorization_endpoint");
      const asked = (query: string) => send("GET", `${url}?${query}`);
      const away = "&client_id=x&redirect_uri=https%3A%2F%2Fattacker.example";
      refused(await asked(`x=y${away}`), 400, "invalid_request");
      refused(await asked(`response_type=code${away}`), 400, "unsupported_response_type");
      const named = (await target.metadata()).response_types_supported as readonly string[];
      for (const type of named) refused(await asked(`response_type=${type}${away}`), 403, "access_denied");
    },
  },
  {
    section: "10.3",
    level: "MUST",
    text: "Tokens cannot be guessed or made up: an altered access token is not active",
    async run(target) {
      const token = await sharedAccess(target);
      const last = token.at(-5) === "A" ? "B" : "A";
      const answer = await target.ask("introspection", await target.actor("server"), [
        ["token", `${token.slice(0, -5)}${last}${token.slice(-4)}`],
      ]);
      same(answer.json, { active: false }, "the answer");
    },
  },
]);
