import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import * as nodeDpop from "../../core/jose/dpop.ts";
import * as nodeVerifier from "../../core/verify/access-token.ts";
import { statusAt } from "../../core/verify/status/bits.ts";
import * as nodeLists from "../../core/verify/status/list.ts";
import type * as webLists from "../../core/verify/status/list.web.ts";
import { testRsaSigner } from "../kit/keys.ts";
import { MemoryWeb } from "../kit/memory/web.ts";
import { vectors } from "../kit/vectors.ts";
import { sha256 } from "../kit/wire/key.ts";
import { createIssuer, issuer, resource } from "./issuer.ts";
import { loadWithoutNode } from "./without-node.ts";

let web: typeof nodeVerifier & typeof nodeDpop & typeof webLists;
beforeAll(async () => {
  web = (await loadWithoutNode(
    "core/verify/access-token.ts",
    "core/jose/dpop.ts",
    "core/verify/status/list.web.ts",
  )) as typeof web;
});

interface Attacks {
  readonly now: number;
  readonly issuer: string;
  readonly audience: string;
  readonly cases: readonly { readonly id: string; readonly name: string; readonly token: string }[];
}
interface Proofs {
  readonly now: number;
  readonly method: string;
  readonly url: string;
  readonly access_token: string;
  readonly cases: readonly { readonly name: string; readonly proof: string | null; readonly request_url?: string }[];
}

/** As JSON, since what comes from another context has other prototypes. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("a verifier without Node", () => {
  test("accepts, refuses and remembers as one with it does: tokens, proofs, lists, nonces, replays", async () => {
    const it_ = await createIssuer();
    const rsa = await testRsaSigner("session");
    const list = it_.published(it_.status, "statuslist+jwt");
    it_.publishKeys(it_.published(it_.session, "at+jwt"), { ...rsa.public.jwk, lanyard_typ: "at+jwt" }, list);
    const macs = { minuteKey: async (minute: number) => Buffer.alloc(32, minute % 251) };
    const made = [nodeVerifier, web].map(({ createVerifier }, at) => {
      const { createDpopNonces } = at === 0 ? nodeDpop : web;
      const settings = { issuer, resource, clock: it_.clock, fetcher: it_.web };
      const nonces = createDpopNonces({ clock: it_.clock, macs, server: resource });
      return { plainly: createVerifier(settings), withNonces: createVerifier({ ...settings, nonces }), nonces };
    });
    const both = async (request: ReturnType<typeof it_.request>, by: "plainly" | "withNonces" = "plainly") => {
      const [node, other] = await Promise.all(made.map((each) => each[by].verify(request)));
      expect(plain(other)).toEqual(plain(node));
      return node?.ok ? "accepted" : node?.error.code;
    };
    const input = [{ alg: "RS256", kid: rsa.public.kid, typ: "at+jwt" }, it_.claims()].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const { signature } = await rsa.sign(Buffer.from(input.join(".")), "join");
    const byRsa = [...input, Buffer.from(signature).toString("base64url")].join(".");
    const token = it_.token();
    const once = it_.request(token);
    expect(await both(once)).toBe("accepted");
    expect(await both(once)).toBe("proof_replayed");
    expect(await both(it_.request(token))).toBe("accepted");
    expect(await both(it_.request(byRsa))).toBe("accepted");
    expect(await both(it_.request(byRsa, {}, { htm: "GET" }))).toBe("proof_invalid");
    expect(await both(it_.request(it_.token({}, it_.foreign)))).toBe("token_invalid");
    expect(await both(it_.request(it_.token({ depth: -1 })))).toBe("claims_invalid");
    expect(await both(it_.request(token), "withNonces")).toBe("proof_nonce_required");
    const nonce = await made[0]?.nonces.current();
    expect(await made[1]?.nonces.current()).toBe(nonce);
    expect(await both(it_.request(token, {}, { nonce }), "withNonces")).toBe("accepted");
    it_.revoked.add(7);
    it_.time.seconds += 5;
    it_.publishList();
    expect(await both(it_.request(token))).toBe("session_over");
    it_.time.seconds += 300;
    expect(await both(it_.request(token))).toBe("token_expired");
  });

  const attacks = vectors<Attacks>("jwt-attacks/cases.json");
  const { keys } = vectors<{ readonly keys: readonly object[] }>("jwt-attacks/jwks.json");
  test.each(attacks.cases)("says of $id what one with it says: $name", async ({ token }) => {
    const { issuer: attacked, audience, now } = attacks;
    const asked = new MemoryWeb();
    asked.put(`${attacked}/.well-known/oauth-authorization-server`, { issuer: attacked, jwks_uri: `${attacked}/jwks` });
    asked.put(`${attacked}/jwks`, { keys: keys.map((key) => ({ ...key, lanyard_typ: "at+jwt" })) });
    const clock = { nowMillis: () => now * 1000 };
    const request = { method: "GET", url: audience, authorization: [`DPoP ${token}`], dpop: [] };
    const said = [nodeVerifier, web].map(({ createVerifier }) =>
      createVerifier({ issuer: attacked, resource: audience, clock, fetcher: asked }).verify(request),
    );
    const [node, other] = await Promise.all(said);
    expect(plain(other)).toEqual(plain(node));
  });

  const proofs = vectors<Proofs>("dpop/dpop-cases.json");
  test.each(proofs.cases)("says of the proof $name what one with it says", async ({ proof, request_url: at }) => {
    const { now, method, url, access_token } = proofs;
    const asked = { proofs: proof ? [proof] : [], method, url: at ?? url, nowSeconds: now, ath: sha256(access_token) };
    expect(plain(await web.verifyDpop(asked))).toEqual(plain(await nodeDpop.verifyDpop(asked)));
  });
});

describe("a status list without Node", () => {
  const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, n) => (n * 37) % 256));
  const zlib = deflateSync(bytes(64));
  const lists: readonly (readonly [string, unknown, unknown])[] = [
    ["whole", zlib, 1],
    ["of two bits", zlib, 2],
    ["of three bits", zlib, 3],
    ["of nothing", deflateSync(Buffer.alloc(0)), 1],
    ["cut short", zlib.subarray(0, -3), 1],
    ["with a wrong checksum", Buffer.concat([zlib.subarray(0, -1), Buffer.from([(zlib.at(-1) ?? 0) ^ 1])]), 1],
    ["with bytes after it", Buffer.concat([zlib, Buffer.from([0])]), 1],
    ["twice", Buffer.concat([zlib, zlib]), 1],
    ["in gzip", gzipSync(bytes(64)), 1],
    ["without a header", deflateRawSync(bytes(64)), 1],
    ["of exactly the bound", deflateSync(Buffer.alloc(8_192)), 1],
    ["of a byte more", deflateSync(Buffer.alloc(8_193)), 1],
    ["that is a bomb", deflateSync(Buffer.alloc(10_000_000)), 1],
  ];
  test.each(lists)("%s is unpacked as with it", async (_what, packed, bits) => {
    const lst = (packed as Buffer).toString("base64url");
    const node = nodeLists.decodeStatusList(lst, bits);
    const other = await web.decodeStatusList(lst, bits);
    expect(other.ok, JSON.stringify(plain(other))).toBe(node.ok);
    if (!node.ok || !other.ok) return;
    for (let idx = 0; idx <= node.value.bytes.length * 8; idx++)
      expect(statusAt(other.value, idx).ok && statusAt(other.value, idx)).toEqual(
        statusAt(node.value, idx).ok && statusAt(node.value, idx),
      );
  });

  test.each([["="], ["AA"], [""], ["a b"], [1]])("%j is none", async (lst) => {
    expect((await web.decodeStatusList(lst, 1)).ok).toBe(nodeLists.decodeStatusList(lst, 1).ok);
  });
});
