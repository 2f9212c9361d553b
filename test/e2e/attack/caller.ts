import { describe, expect, it } from "vitest";
import type { WireTwist } from "../../kit/wire/client.ts";
import { assertion, exchange, type Fields, formBody, formOf, formType } from "../../kit/wire/forms.ts";
import { claimsOf, forge, headerOf, testKey } from "../../kit/wire/key.ts";
import { type Actor, granted, type Lab, openSession } from "./lab.ts";
import { tickets, vault } from "./registry.ts";

const ownWork: Fields = [
  ["grant_type", "client_credentials"],
  ["resource", vault],
  ["scope", "vault:read"],
];

/** Callers that are not who they say, or do not hold the key they say. */
export function callerAttacks(lab: () => Lab): void {
  const badClient = { status: 401, error: "invalid_client", code: "assertion_invalid", anonymous: true } as const;
  const badProof = { status: 400, error: "invalid_dpop_proof", code: "dpop_invalid", anonymous: true } as const;
  const as = (actor: Actor, identity: string) => lab().token({ ...actor, identity }, ownWork);

  describe("a caller whose identity token is not ours", () => {
    it("is refused without one", async () => {
      const opener = await lab().actor("opener");
      const answer = await lab().wire.post(lab().world.endpoints.token, formBody(ownWork), { key: opener.key });
      lab().ledger.refused(answer, {
        status: 401,
        error: "invalid_client",
        code: "client_unauthenticated",
        anonymous: true,
      });
    });

    it("is refused when it is unsigned", async () => {
      const opener = await lab().actor("opener");
      const [, payload] = opener.identity.split(".");
      const none = Buffer.from(JSON.stringify({ ...headerOf(opener.identity), alg: "none" })).toString("base64url");
      lab().ledger.refused(await as(opener, `${none}.${payload}.`), badClient);
    });

    it("is refused when it is signed by the caller under our kid", async () => {
      const opener = await lab().actor("opener");
      const forged = forge(opener.key, headerOf(opener.identity), claimsOf(opener.identity));
      lab().ledger.refused(await as(opener, forged), badClient);
    });

    it("is refused when its key stands in its own header", async () => {
      const opener = await lab().actor("opener");
      const header = { ...headerOf(opener.identity), kid: opener.key.jkt, jwk: opener.key.jwk };
      lab().ledger.refused(await as(opener, forge(opener.key, header, claimsOf(opener.identity))), badClient);
    });

    it("is refused when one claim was changed", async () => {
      const opener = await lab().actor("opener");
      const [header, , signature] = opener.identity.split(".");
      const claims = { ...claimsOf(opener.identity), sub: lab().idOf("worker") };
      const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
      lab().ledger.refused(await as(opener, `${header}.${payload}.${signature}`), badClient);
    });

    it("threat 28: is refused when an agent of the same name in another trust domain is its subject", async () => {
      const opener = await lab().actor("opener");
      const foreign = { ...claimsOf(opener.identity), sub: "spiffe://other.example/agent/opener" };
      lab().ledger.refused(await as(opener, forge(await testKey(), headerOf(opener.identity), foreign)), badClient);
    });

    it("threat 14: is refused when a session token, an access token or a person's token takes its place", async () => {
      const { opener, token, person } = await openSession(lab());
      const access = granted(await lab().token(opener, [...exchange("session", token), ["resource", vault]]));
      for (const pretender of [token, access, person]) lab().ledger.refused(await as(opener, pretender), badClient);
    });

    it("is refused when client_id names another agent", async () => {
      const opener = await lab().actor("opener");
      const answer = await lab().token(opener, [...ownWork, ["client_id", lab().idOf("worker")]]);
      lab().ledger.refused(answer, badClient);
    });
  });

  describe("a caller who does not hold the key", () => {
    const twisted = (twist: WireTwist) => async () => {
      lab().ledger.refused(await lab().token(await lab().actor("opener"), ownWork, twist), badProof);
    };
    it("is refused when the proof is two minutes old", twisted({ shiftSeconds: -121 }));
    it("is refused when the proof is two minutes early", twisted({ shiftSeconds: 121 }));
    it("is refused when the proof is for another method", twisted({ claims: { htm: "GET" } }));
    it("is refused when the proof is for another URL", twisted({ claims: { htu: "https://attacker.example/" } }));
    it("is refused when the proof has no id", twisted({ claims: { jti: undefined } }));
    it("is refused when the proof is of another type", twisted({ header: { typ: "JWT" } }));
    it("is refused when the proof demands an extension", twisted({ header: { crit: ["made-up"], "made-up": 1 } }));

    it("is refused without a proof", async () => {
      const { token: url } = lab().world.endpoints;
      const body = formOf([...assertion(await lab().actor("opener")), ...ownWork]);
      const answer = await lab().wire.send("POST", url, { "Content-Type": formType }, body);
      lab().ledger.refused(answer, { ...badProof, code: "dpop_missing" });
    });

    it("is refused with two proofs", async () => {
      const { token: url } = lab().world.endpoints;
      const opener = await lab().actor("opener");
      const DPoP = [lab().wire.proof(opener.key, { url }), lab().wire.proof(opener.key, { url })];
      const body = formOf([...assertion(opener), ...ownWork]);
      const answer = await lab().wire.send("POST", url, { "Content-Type": formType, DPoP }, body);
      lab().ledger.refused(answer, badProof);
    });

    it("is refused when the private key was put into the proof", async () => {
      const { token: url } = lab().world.endpoints;
      const opener = await lab().actor("opener");
      const jwk = { ...opener.key.jwk, d: "AAAA" };
      const answer = await lab().token(opener, ownWork, { header: { jwk } });
      lab().ledger.refused(answer, badProof);
      expect(url).toBeTruthy();
    });

    it("is told a nonce and nothing else when its proof was made beforehand, wherever it asks", async () => {
      const { token, introspect, revoke } = lab().world.endpoints;
      const opener = await lab().actor("opener");
      const minutesAgo = Math.floor(Date.now() / 60_000) - 5;
      for (const url of [token, introspect, revoke])
        for (const nonce of [`${minutesAgo}.${"A".repeat(43)}`, "made-up", 7]) {
          const body = formBody([...assertion(opener), ...ownWork, ["token", "x"]]);
          const answer = await lab().wire.post(url, body, { key: opener.key, twist: { claims: { nonce } } });
          expect([answer.status, answer.json.error]).toEqual([400, "use_dpop_nonce"]);
          expect(answer.headers["dpop-nonce"]).toMatch(/^[0-9]+\.[A-Za-z0-9_-]{43}$/);
          expect(answer.headers["cache-control"]).toBe("no-store");
          expect(Object.keys(answer.json).sort()).toEqual(["error", "error_description"]);
        }
    });

    it("threat 9: is refused with a stolen identity token and a key of its own", async () => {
      const opener = await lab().actor("opener");
      const answer = await lab().token({ ...opener, key: await testKey() }, ownWork);
      lab().ledger.refused(answer, { ...badProof, code: "dpop_key_mismatch" });
    });

    it("threat 9: is refused when a captured request is sent again", async () => {
      const { token: url } = lab().world.endpoints;
      const { opener, token } = await openSession(lab());
      const body = formOf([...assertion(opener), ...exchange("session", token), ["resource", vault]]);
      const headers = { "Content-Type": formType, DPoP: lab().wire.proof(opener.key, { url }) };
      granted(await lab().wire.send("POST", url, headers, body));
      lab().ledger.refused(await lab().wire.send("POST", url, headers, body), {
        status: 400,
        error: "invalid_dpop_proof",
        code: "dpop_replayed",
      });
    });

    it("threat 27: lets two agents use one proof id, each its own", async () => {
      const jti = crypto.randomUUID();
      const { opener, token } = await openSession(lab());
      granted(await lab().token(opener, [...exchange("session", token), ["resource", vault]], { claims: { jti } }));
      const brief = await lab().actor("brief");
      granted(await lab().token(brief, [...ownWork], { claims: { jti } }));
    });
  });

  describe("an agent beyond its registration", () => {
    it("is refused a scope it is not registered for, on its own", async () => {
      const opener = await lab().actor("opener");
      const answer = await lab().token(opener, [
        ["grant_type", "client_credentials"],
        ["resource", tickets],
        ["scope", "tickets:read"],
      ]);
      lab().ledger.refused(answer, { status: 400, error: "invalid_scope", code: "scope_exceeds" });
    });

    it("is refused a scope it may use but does not lend itself", async () => {
      const opener = await lab().actor("opener");
      const answer = await lab().token(opener, [
        ["grant_type", "client_credentials"],
        ["resource", vault],
        ["scope", "vault:write"],
      ]);
      lab().ledger.refused(answer, { status: 400, error: "invalid_scope", code: "scope_exceeds" });
    });
  });
}
