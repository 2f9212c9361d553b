import { inflateSync } from "node:zlib";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { createResourceServer } from "../../client/verify.ts";
import { header, send } from "../../test/kit/wire/http.ts";
import { claimsOf, headerOf, withClaims } from "../../test/kit/wire/key.ts";
import { eventually, granted, holds, must, object, same, text } from "../expect.ts";
import { ownAccess, sharedAccess } from "../flows.ts";
import { guardOf, show } from "../guard.ts";
import { rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

const listType = "application/statuslist+jwt";
const maxListBytes = 1_048_576;

/** Where a token's bit is. */
function placeOf(token: string): { readonly idx: number; readonly uri: string } {
  const { status_list: place } = object(claimsOf(token).status, "status");
  const { idx, uri } = object(place, "status_list");
  must(Number.isInteger(idx) && Number(idx) >= 0, `idx is ${idx}`);
  return { idx: Number(idx), uri: text(uri, "uri") };
}

/** The list at `uri`, verified by the issuer's keys with jose. */
async function listAt(target: Target, uri: string) {
  const answer = await send("GET", uri, { Accept: listType });
  must(answer.status === 200, `the list was answered ${answer.status}`);
  const keys = createRemoteJWKSet(new URL(text((await target.metadata()).jwks_uri, "jwks_uri")));
  const { payload, protectedHeader } = await jwtVerify(answer.text, keys, { typ: "statuslist+jwt" });
  const { bits, lst } = object(payload.status_list, "status_list");
  const bytes = inflateSync(Buffer.from(text(lst, "lst"), "base64url"), { maxOutputLength: maxListBytes });
  return { answer, payload, protectedHeader, bits, bytes };
}

/** A bit, least significant first (section 4.1). */
const bitAt = (bytes: Uint8Array, idx: number): number => {
  const byte = bytes[idx >> 3];
  must(byte !== undefined, `index ${idx} is beyond the list`);
  return (byte >> (idx & 7)) & 1;
};

const shared = async (target: Target) => listAt(target, placeOf(await sharedAccess(target)).uri);

export const statusListRows = rowsOf("Token status list", [
  {
    section: "6.2",
    level: "MUST",
    text: "A token names its place by a non-negative idx and the list's uri",
    async run(target) {
      must(placeOf(await sharedAccess(target)).uri.startsWith(`${target.issuer}/`), "the list is elsewhere");
    },
  },
  {
    section: "5.1",
    level: "MUST",
    text: "The list is a JWT of typ statuslist+jwt, signed by a key of jwks_uri",
    by: "jose",
    async run(target) {
      same((await shared(target)).protectedHeader.typ, "statuslist+jwt", "typ");
    },
  },
  {
    section: "5.1",
    level: "MUST",
    text: "sub is the address it is served at, iat is there",
    async run(target) {
      const { uri } = placeOf(await sharedAccess(target));
      const { payload } = await listAt(target, uri);
      same(payload.sub, uri, "sub");
      must(Number.isInteger(payload.iat), "iat is missing");
    },
  },
  {
    section: "5.1",
    level: "SHOULD",
    text: "exp and ttl say how long it counts and when to fetch again",
    async run(target) {
      const { payload } = await shared(target);
      must(Number.isInteger(payload.exp), "exp is missing");
      must(Number.isInteger(payload.ttl) && Number(payload.ttl) > 0, `ttl is ${payload.ttl}`);
    },
  },
  {
    section: "4.2",
    level: "MUST",
    text: "bits is 1, 2, 4 or 8, and lst ZLIB data in base64url without padding, its index within",
    async run(target) {
      const { idx } = placeOf(await sharedAccess(target));
      const { bits, bytes, payload } = await shared(target);
      must([1, 2, 4, 8].includes(Number(bits)), `bits is ${bits}`);
      must(/^[\w-]+$/.test(String(object(payload.status_list, "status_list").lst)), "lst is not base64url");
      must(idx < (bytes.length * 8) / Number(bits), `index ${idx} is beyond the list`);
    },
  },
  {
    section: "7.1",
    level: "MUST",
    text: "A live token's bit is 0x00, VALID",
    async run(target) {
      const { idx, uri } = placeOf(await ownAccess(target));
      same(bitAt((await listAt(target, uri)).bytes, idx), 0, "the bit");
    },
  },
  {
    section: "7.1",
    level: "MUST",
    text: "A revoked token's bit becomes 0x01, INVALID, in seconds",
    async run(target) {
      const token = await ownAccess(target);
      const { idx, uri } = placeOf(token);
      granted(await target.ask("revocation", await target.actor("worker"), [["token", token]]));
      const look = async () => bitAt((await listAt(target, uri)).bytes, idx) === 1 || undefined;
      const { afterMillis } = await eventually(look, "it is not set");
      return `after ${afterMillis} ms`;
    },
  },
  {
    section: "8.1",
    level: "MUST",
    text: "The list is served by GET as application/statuslist+jwt",
    async run(target) {
      const { answer } = await shared(target);
      same(header(answer, "content-type").split(";")[0], listType, "the content type");
    },
  },
  {
    section: "8.1",
    level: "SHOULD",
    text: "A browser of any origin may read it",
    async run(target) {
      const { uri } = placeOf(await sharedAccess(target));
      same(header(await send("GET", uri), "access-control-allow-origin"), "*", "the allowed origin");
    },
  },
  {
    section: "8.1",
    level: "SHOULD",
    text: "It is packed by gzip for who takes that, where there is something to gain",
    async run(target) {
      const { uri } = placeOf(await sharedAccess(target));
      const bytes = (await send("GET", uri)).text.length;
      if (bytes < 1_000) return `the list has ${bytes} bytes: nothing to gain`;
      same(header(await send("GET", uri, { "Accept-Encoding": "gzip" }), "content-encoding"), "gzip", "the coding");
      return undefined;
    },
  },
  {
    section: "8.4",
    level: "MUST",
    text: "A question about another time is answered 501 where no history is kept",
    async run(target) {
      const { uri } = placeOf(await sharedAccess(target));
      same((await send("GET", `${uri}?time=1700000000`)).status, 501, "status");
    },
  },
  {
    section: "9.1",
    level: "MUST",
    text: "The aggregation that metadata names lists the lists",
    async run(target) {
      const { status_list_aggregation_endpoint: url } = await target.metadata();
      const { json } = await send("GET", text(url, "status_list_aggregation_endpoint"));
      holds(json.status_lists, placeOf(await sharedAccess(target)).uri, "status_lists");
    },
  },
  {
    section: "13.2",
    level: "SHOULD",
    text: "Each session's place is its own, and the next place cannot be told from this one",
    async run(target) {
      const places: ReturnType<typeof placeOf>[] = [];
      for (let each = 0; each < 4; each++) places.push(placeOf(await ownAccess(target)));
      same(new Set(places.map(({ idx, uri }) => `${uri} ${idx}`)).size, places.length, "how many places there are");
      const steps = places.slice(1).map(({ idx }, n) => Math.abs(idx - (places[n]?.idx ?? 0)));
      must(!steps.every((step) => step === 1), "places follow one another");
    },
  },
  {
    section: "8.3",
    level: "MUST",
    text: "A resource that works offline refuses a token whose bit is set",
    async run(target) {
      const { uri: resource } = target.need("own");
      const [guard, actor] = [await guardOf(target, { resource }), await target.actor("worker")];
      const token = await ownAccess(target);
      must((await show({ guard, actor, token, resource })).ok, "the live token was refused");
      granted(await target.ask("revocation", actor, [["token", token]]));
      const refusal = async () => {
        const evaluated = await show({ guard, actor, token, resource });
        return evaluated.ok ? undefined : evaluated.error.refusal.code;
      };
      same((await eventually(refusal, "it is let in", 200)).found, "session_over", "the refusal");
    },
  },
  {
    section: "8.3",
    level: "MUST",
    text: "A resource that gets no list, another kind of token or an altered list in its place lets nobody in",
    async run(target) {
      const [token, actor] = [await sharedAccess(target), await target.actor("worker")];
      const resource = target.need("own").uri;
      const good = (await listAt(target, placeOf(token).uri)).answer.text;
      const evaluated = async (status: number, text: string) => {
        const through: typeof fetch = async (input, init) =>
          String(input instanceof Request ? input.url : input) === placeOf(token).uri
            ? new Response(text, { status, headers: { "Content-Type": listType } })
            : fetch(input, init);
        const guard = createResourceServer({ issuer: target.issuer, resource, mode: "offline", fetch: through });
        const shown = await show({ guard, actor, token, resource });
        return shown.ok ? 200 : shown.error.reply.status;
      };
      same(await evaluated(200, good), 200, "the status by the genuine list");
      const claims = claimsOf(good);
      const other = withClaims(good, { ...claims, sub: "https://other.example/list" });
      for (const [status, text] of [
        [500, ""],
        [404, ""],
        [200, token],
        [200, other],
        [200, "x"],
      ] as const)
        same(await evaluated(status, text), 503, `the status by ${status} ${text.slice(0, 40)}`);
    },
  },
  {
    section: "5.1",
    level: "MUST",
    text: "A list is no token: its key signs lists alone",
    async run(target) {
      const { protectedHeader } = await shared(target);
      must(headerOf(await sharedAccess(target)).kid !== protectedHeader.kid, "lists and tokens share a key");
    },
  },
]);
