import { formBody } from "../../test/kit/wire/forms.ts";
import { header, send } from "../../test/kit/wire/http.ts";
import { claimsOf, testKey, withClaims } from "../../test/kit/wire/key.ts";
import { granted, must, refused, same } from "../expect.ts";
import { introspected, ownAccess, ownSession, ownWork, sharedAccess, tokenIn } from "../flows.ts";
import { rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

const dead = { active: false };
const ask = async (target: Target, part: "server" | "stranger" | "worker", token: string) =>
  target.ask("introspection", await target.actor(part), [["token", token]]);

export const introspectionRows = rowsOf("RFC 7662", [
  {
    section: "2.1",
    level: "MUST",
    text: "The caller is authenticated: an anonymous question is not answered",
    async run(target) {
      const url = await target.endpoint("introspection");
      const answer = await target.wire.post(url, formBody([["token", await sharedAccess(target)]]), {
        key: await testKey(),
      });
      refused(answer, 401, "invalid_client");
      must(!("active" in answer.json), "it was answered");
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "token is required",
    async run(target) {
      refused(await target.ask("introspection", await target.actor("server"), []), 400, "invalid_request");
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "Questions come by POST: a token in an address stands in logs",
    async run(target) {
      const url = await target.endpoint("introspection");
      const answer = await send("GET", `${url}?token=x`);
      must(answer.status === 405, `answered ${answer.status}`);
    },
  },
  {
    section: "2.2",
    level: "MUST",
    text: "A live token of the caller's own resource is active, with the claims the token has",
    async run(target) {
      const token = await sharedAccess(target);
      const [said, claims] = [await introspected(target, token), claimsOf(token)];
      same(said.active, true, "active");
      for (const name of ["scope", "client_id", "sub", "aud", "iss", "exp", "iat", "jti"])
        same(said[name], claims[name], name);
    },
  },
  {
    section: "2.2",
    level: "MUST",
    text: "The answer is JSON and not to be stored",
    async run(target) {
      const answer = await ask(target, "server", await sharedAccess(target));
      must(/^application\/json\b/.test(header(answer, "content-type")), "it is not application/json");
      must(/no-store/.test(header(answer, "cache-control")), "it lacks no-store");
    },
  },
  {
    section: "2.2",
    level: "MUST",
    text: "What is no token, or was altered, is exactly {active: false}, and no reason",
    async run(target) {
      const token = await sharedAccess(target);
      const longer = withClaims(token, { ...claimsOf(token), exp: 4102444800 });
      for (const bad of ["x", "", longer, `${token.slice(0, -8)}AAAAAAAA`, await ownSession(target)]) {
        const answer = await ask(target, "server", bad);
        if (bad === "") refused(answer, 400, "invalid_request");
        else same([answer.status, answer.json], [200, dead], "the answer");
      }
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "A token_type_hint that is wrong or unknown does not hide a live token",
    async run(target) {
      for (const hint of ["refresh_token", "unheard-of"]) {
        const form = [["token", await sharedAccess(target)] as const, ["token_type_hint", hint] as const];
        const said = granted(await target.ask("introspection", await target.actor("server"), form));
        same(said.active, true, "active");
      }
    },
  },
  {
    section: "4",
    level: "MUST",
    text: "A revoked token is exactly {active: false} from the next question on",
    async run(target) {
      const token = await ownAccess(target);
      same((await introspected(target, token)).active, true, "active before");
      granted(await target.ask("revocation", await target.actor("worker"), [["token", token]]));
      same(await introspected(target, token), dead, "the answer");
    },
  },
  {
    section: "4",
    level: "MUST",
    text: "Who does not serve the token's resource learns nothing of it",
    async run(target) {
      const token = await sharedAccess(target);
      for (const part of ["stranger", "worker"] as const) {
        const answer = await ask(target, part, token);
        same([answer.status, answer.json], [200, dead], `what ${part} is told`);
      }
    },
  },
  {
    section: "2.2",
    level: "MUST",
    text: "An opaque handle is active for the resource that asks about every request, with what it stands for",
    async run(target) {
      const counted = target.need("counted");
      const token = await ownAccess(target, counted);
      must(token.split(".").length !== 3, "the token is a JWT");
      const said = await introspected(target, token);
      same(
        [said.active, said.aud, said.client_id],
        [true, counted.uri, (await target.actor("worker")).id],
        "the answer",
      );
    },
  },
  {
    section: "2.2",
    level: "MUST",
    text: "A handle whose uses are spent is not active",
    async run(target) {
      const counted = target.need("counted");
      const form = [...ownWork(counted), ["max_uses", "2"] as const];
      const token = tokenIn(await target.ask("token", await target.actor("worker"), form));
      const told = [];
      for (let use = 0; use < 3; use++) told.push((await introspected(target, token)).active);
      same(told, [true, true, false], "the answers");
    },
  },
]);
