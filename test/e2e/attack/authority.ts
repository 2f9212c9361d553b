import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import { describe, expect, it } from "vitest";
import type { Credentials } from "../../../local/demo/endpoints.ts";
import { asOfferTo, asSession, exchange, type Fields } from "../../kit/wire/forms.ts";
import { type Answer, send } from "../../kit/wire/http.ts";
import { claimsOf, testKey } from "../../kit/wire/key.ts";
import { granted, type Lab, openSession } from "./lab.ts";
import { requestIdOf } from "./ledger.ts";
import { customers, vault } from "./registry.ts";

const read: Fields = [
  ["resource", vault],
  ["scope", "vault:read"],
];

/** Calls admin-revoke, signed with `credentials` or not at all. */
async function admin(lab: Lab, body: object, credentials?: Credentials, service = "lambda"): Promise<Answer> {
  const url = new URL(lab.world.endpoints.admin);
  const text = JSON.stringify(body);
  const headers = { host: url.host, "content-type": "application/json" };
  if (!credentials) return send("POST", url.href, headers, text);
  const signer = new SignatureV4({ credentials, region: lab.world.endpoints.aws.region, service, sha256: Sha256 });
  const signed = await signer.sign({
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    headers,
    body: text,
  });
  return send("POST", url.href, signed.headers, text);
}

/** As an operator. */
export async function order(lab: Lab, body: object): Promise<Answer> {
  const answer = await admin(lab, body, lab.world.endpoints.operator.credentials);
  expect(answer.status, answer.text).toBe(200);
  return answer;
}

/** Introspection, revocation and administration by those who may not, and what is left after those who may. */
export function authorityAttacks(lab: () => Lab): void {
  const denied = { status: 403, error: "access_denied" } as const;
  const access = async (opener: Awaited<ReturnType<Lab["actor"]>>, token: string) =>
    granted(await lab().token(opener, [...exchange("session", token), ["resource", vault]]));
  const active = async (token: string) => (await lab().introspect(await lab().actor("vault-api"), token)).json;

  describe("introspection", () => {
    it("says active to the server of the token's resource alone", async () => {
      const { opener, token } = await openSession(lab());
      const at = await access(opener, token);
      expect(await active(at)).toMatchObject({ active: true, scope: "vault:read", aud: vault });
      const elsewhere = await lab().introspect(await lab().actor("customer-api"), at);
      expect([elsewhere.status, elsewhere.json]).toEqual([200, { active: false }]);
      lab().ledger.noted(elsewhere, "subject_token_not_yours");
    });

    it("says inactive to an agent that serves nothing, and records why", async () => {
      const { opener, token } = await openSession(lab());
      const answer = await lab().introspect(await lab().actor("worker"), await access(opener, token));
      expect([answer.status, answer.json]).toEqual([200, { active: false }]);
      lab().ledger.noted(answer, "not_a_resource_server");
    });

    it("threat 14: says inactive to a session token, an identity token, an offer and noise, and no more", async () => {
      const { opener, token } = await openSession(lab());
      const offer = granted(
        await lab().token(opener, [...exchange("session", token), ...asOfferTo(lab().idOf("worker")), ...read]),
      );
      for (const thing of [token, opener.identity, offer, "noise", "a.b.c"]) {
        const answer = await lab().introspect(await lab().actor("vault-api"), thing);
        expect([answer.status, answer.json]).toEqual([200, { active: false }]);
        // threat 13: any stranger can send these through a resource server, so they are aggregated
        lab().ledger.noted(answer, "subject_token_invalid", true);
      }
    });
  });

  describe("revocation by an agent", () => {
    it("threat 12: ends nothing that is another agent's", async () => {
      const { opener, token } = await openSession(lab());
      const at = await access(opener, token);
      for (const name of ["stranger", "worker", "vault-api"]) {
        for (const victim of [token, at]) {
          const answer = await lab().revoke(await lab().actor(name), [["token", victim]]);
          lab().ledger.refused(answer, { ...denied, code: "not_the_owner" });
        }
      }
      expect(await active(at)).toMatchObject({ active: true });
    });

    it("threat 12: ends nothing above the agent's own session", async () => {
      const { opener, token } = await openSession(lab());
      const at = await access(opener, token);
      const offer = granted(
        await lab().token(opener, [...exchange("session", token), ...asOfferTo(lab().idOf("worker")), ...read]),
      );
      const worker = await lab().actor("worker");
      const child = granted(await lab().token(worker, exchange("offer", offer)));
      const answer = await lab().revoke(worker, [
        ["token", child],
        ["session", String(claimsOf(token).sid)],
      ]);
      lab().ledger.refused(answer, { ...denied, code: "not_the_owner" });
      expect(await active(at)).toMatchObject({ active: true });
    });

    it("answers 200 to noise, and changes nothing (RFC 7009 2.2)", async () => {
      const answer = await lab().revoke(await lab().actor("stranger"), [["token", "noise"]]);
      expect([answer.status, answer.json]).toEqual([200, {}]);
    });

    it("kills the session and all below it, and leaves the person's token alone", async () => {
      const { opener, person, token } = await openSession(lab());
      const at = await access(opener, token);
      const offer = granted(
        await lab().token(opener, [...exchange("session", token), ...asOfferTo(lab().idOf("worker")), ...read]),
      );
      const late = granted(
        await lab().token(opener, [...exchange("session", token), ...asOfferTo(lab().idOf("link-1")), ...read]),
      );
      const worker = await lab().actor("worker");
      const child = granted(await lab().token(worker, exchange("offer", offer)));
      expect((await lab().revoke(opener, [["token", token]])).status).toBe(200);
      for (const dead of [at, child]) {
        const answer = await lab().introspect(await lab().actor("vault-api"), dead);
        expect(answer.json).toEqual({ active: false });
        lab().ledger.noted(answer, "parent_dead");
      }
      const parentDead = { status: 400, error: "invalid_request", code: "parent_dead" } as const;
      lab().ledger.refused(await lab().token(opener, [...exchange("session", token), ["resource", vault]]), parentDead);
      lab().ledger.refused(await lab().token(worker, [...exchange("access", child), ...read]), parentDead);
      lab().ledger.refused(await lab().token(await lab().actor("link-1"), exchange("offer", late)), parentDead);
      granted(await lab().token(opener, [...exchange("id", person), ...read, ...asSession]));
    });
  });

  describe("administration", () => {
    const target = () => ({ revoke: { agent: lab().idOf("link-2") }, reason: "a test" });

    it("threat 18: is refused unsigned, and says nothing of ours", async () => {
      const answer = await admin(lab(), target());
      expect(answer.status).toBe(403);
      expect(answer.text).not.toContain("link-2");
    });

    it("threat 18: is refused with a wrong secret", async () => {
      const { credentials } = lab().world.endpoints.operator;
      const answer = await admin(lab(), target(), { ...credentials, secretAccessKey: "wrong".repeat(8) });
      expect(answer.status).toBe(403);
    });

    it("threat 18: is refused with a signature for another service", async () => {
      const answer = await admin(lab(), target(), lab().world.endpoints.operator.credentials, "execute-api");
      expect(answer.status).toBe(403);
    });

    it("threat 18: is refused to a workload's role", async () => {
      const answer = await admin(lab(), target(), lab().world.endpoints.agents.opener?.credentials);
      expect(answer.status).toBe(403);
    });

    it("threat 18: is refused with headers that pretend an IAM identity", async () => {
      const url = lab().world.endpoints.admin;
      const forged = {
        "content-type": "application/json",
        "x-amz-iam": "operator",
        "x-forwarded-user": "arn:aws:iam::111122223333:root",
      };
      expect((await send("POST", url, forged, JSON.stringify(target()))).status).toBe(403);
    });

    it("left all of them alive that the refused orders named", async () => {
      await lab().actor("link-2", await testKey());
    });

    it.each([
      [{ revoke: { agent: "spiffe://other.example/agent/opener" }, reason: "x" }, "target_unknown"],
      [{ revoke: { deployment: "another" }, reason: "x" }, "target_unknown"],
      [{ revoke: { agent: "ID-" }, reason: "x" }, "target_unknown"],
      [{ revoke: { session: "AAAAAAAAAAAAAAAAAAAAAA" }, reason: "x" }, "target_unknown"],
      [{ revoke: { build: "SHA256:ABCDEF" }, reason: "x" }, "target_unknown"],
      [{ lift: { build: "sha256:never" }, reason: "x" }, "target_unknown"],
      [{ revoke: { agent: "*" }, reason: "x" }, "parameter_invalid"],
      [{ revoke: { agent: "ID", session: "x" }, reason: "x" }, "parameter_invalid"],
      [{ revoke: {}, reason: "x" }, "parameter_invalid"],
      [{ revoke: { agent: "ID" } }, "parameter_invalid"],
      [{ revoke: { agent: "ID" }, reason: "x", force: true }, "parameter_invalid"],
      [{ lift: { session: "AAAAAAAAAAAAAAAAAAAAAA" }, reason: "x" }, "parameter_invalid"],
    ] as const)("refuses the order %j", async (body, code) => {
      const text = JSON.stringify(body).replace(/"ID(-?)"/, (_, more) => JSON.stringify(lab().idOf("link-2") + more));
      const answer = await admin(lab(), JSON.parse(text), lab().world.endpoints.operator.credentials);
      const face =
        code === "target_unknown" ? { status: 404, error: "not_found" } : { status: 400, error: "invalid_request" };
      lab().ledger.refused(answer, { ...face, code });
    });

    it("threat 1: denylists the person's token of a revoked root, for the same agent, for good", async () => {
      const { opener, person, token } = await openSession(lab());
      const answer = await order(lab(), { revoke: { session: String(claimsOf(token).sid) }, reason: "a test" });
      expect(requestIdOf(answer)).toBeTruthy();
      for (const twist of [read, [...read, ["purpose", "again"]] as Fields]) {
        const again = await lab().token(opener, [...exchange("id", person), ...twist, ...asSession]);
        lab().ledger.refused(again, { status: 400, error: "invalid_request", code: "person_token_burnt" });
      }
    });

    it("threat 1: denylists it under every spelling of its signature", async () => {
      const { opener, person, token } = await openSession(lab());
      await order(lab(), { revoke: { session: String(claimsOf(token).sid) }, reason: "a test" });
      const [header, payload, signature = ""] = person.split(".");
      // the last character of a 64-byte signature carries four unused bits: another text, the same bytes
      const last = signature.at(-1) ?? "";
      for (const other of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".replace(last, "")) {
        const spelled = `${header}.${payload}.${signature.slice(0, -1)}${other}`;
        const again = await lab().token(opener, [...exchange("id", spelled), ...read, ...asSession]);
        expect(again.status, `spelled with ${other}`).toBe(400);
      }
    });

    it("threat 5: cuts an agent, and with it the children others hold below it; a lift revives nothing", async () => {
      const linkOne = await lab().actor("link-1", await testKey());
      const { opener, token } = await openSession(lab());
      const offer = granted(
        await lab().token(opener, [...exchange("session", token), ...asOfferTo(linkOne.id), ...read]),
      );
      const middle = granted(await lab().token(linkOne, [...exchange("offer", offer), ...asSession]));
      const onward = granted(
        await lab().token(linkOne, [...exchange("session", middle), ...asOfferTo(lab().idOf("worker")), ...read]),
      );
      const child = granted(await lab().token(await lab().actor("worker"), exchange("offer", onward)));
      expect(await active(child)).toMatchObject({ active: true });
      await order(lab(), { revoke: { agent: linkOne.id }, reason: "a test" });
      expect(await active(child)).toEqual({ active: false });
      const own = await lab().token(linkOne, [...exchange("session", middle), ["resource", vault]]);
      lab().ledger.refused(own, { ...denied, code: "blocked" });
      const key = await testKey();
      const challenge = await lab().challenge(key);
      const evidence = { type: "aws-sts-web-identity", token: await lab().evidence("link-1", challenge, key.jkt) };
      const attested = await lab().attest({ agent: linkOne.id, evidence, challenge }, key);
      expect(attested.json).not.toHaveProperty("identity_token");
      expect(attested.status).toBe(403);
      await order(lab(), { lift: { agent: linkOne.id }, reason: "a test" });
      expect(await active(child)).toEqual({ active: false });
      const stale = await lab().token(linkOne, [...exchange("session", middle), ["resource", vault]]);
      lab().ledger.refused(stale, { status: 401, error: "invalid_client", code: "assertion_dead" });
      const fresh = await lab().actor("link-1", await testKey());
      const old = await lab().token({ ...fresh, key: fresh.key }, [
        ...exchange("session", middle),
        ["resource", vault],
      ]);
      expect(old.status).toBe(400);
    });

    it("threat 1: cuts and blocks a person; a token from before the cut stays refused after the lift", async () => {
      const { opener, person, token } = await openSession(lab());
      const principal = String(claimsOf(token).sub);
      const at = await access(opener, token);
      await order(lab(), { revoke: { principal }, reason: "a test" });
      expect(await active(at)).toEqual({ active: false });
      const blocked = await lab().token(opener, [...exchange("id", person), ...read, ...asSession]);
      lab().ledger.refused(blocked, { ...denied, code: "blocked" });
      await order(lab(), { lift: { principal }, reason: "a test" });
      const before = await lab().token(opener, [...exchange("id", person), ...read, ...asSession]);
      lab().ledger.refused(before, { status: 400, error: "invalid_request", code: "person_token_before_cut" });
      expect(await active(at)).toEqual({ active: false });
    });

    it("cuts nobody of the same name at another issuer", async () => {
      const { opener } = await openSession(lab());
      const [a, b] = [await lab().twinA.idToken({ sub: "same" }), await lab().twinB.idToken({ sub: "same" })];
      const [ofA, ofB] = [
        granted(await lab().token(opener, [...exchange("id", a), ...read])),
        granted(await lab().token(opener, [...exchange("id", b), ...read])),
      ];
      await order(lab(), { revoke: { principal: String(claimsOf(ofA).sub) }, reason: "a test" });
      expect(await active(ofA)).toEqual({ active: false });
      expect(await active(ofB)).toMatchObject({ active: true });
    });

    it("leaves the customers' server unable to tell why a token is dead", async () => {
      const api = await lab().actor("vault-api");
      const { opener, token } = await openSession(lab());
      const at = await access(opener, token);
      const next = granted(
        await lab().token(api, [...exchange("access", at), ["resource", customers], ["scope", "customers:read"]]),
      );
      await order(lab(), { revoke: { session: String(claimsOf(token).sid) }, reason: "a test" });
      const answer = await lab().introspect(await lab().actor("customer-api"), next);
      expect(answer.json).toEqual({ active: false });
      lab().ledger.noted(answer, "parent_dead");
    });
  });
}
