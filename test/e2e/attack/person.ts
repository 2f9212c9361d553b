import { describe, expect, it } from "vitest";
import { asSession, exchange, type Fields } from "../../kit/wire/forms.ts";
import { claimsOf, forge, testKey } from "../../kit/wire/key.ts";
import { granted, type Lab } from "./lab.ts";
import { customers, tickets, vault } from "./registry.ts";

const wanted: Fields = [["resource", vault], ["scope", "vault:read"], ...asSession];

/** People's tokens in the wrong hands, of the wrong issuer, of the wrong kind. */
export function personAttacks(lab: () => Lab): void {
  const badSubject = { status: 400, error: "invalid_request", code: "subject_token_invalid" } as const;
  const open = async (token: string, type: "id" | "access" = "id", agent = "opener") =>
    lab().token(await lab().actor(agent), [...exchange(type, token), ...wanted]);
  const nowSeconds = () => Math.floor(Date.now() / 1000);

  describe("a person's token", () => {
    it("opens a session for the agent of its own client", async () => {
      granted(await open(await lab().twinA.idToken()));
    });

    it("threat 2: opens nothing for an agent of another client", async () => {
      const { id_token, access_token } = await lab().world.provider.signInAs("planner");
      const researcher = await lab().actor("researcher");
      for (const [type, token] of [
        ["id", id_token],
        ["access", access_token],
      ] as const) {
        const answer = await lab().token(researcher, [
          ...exchange(type, token),
          ["resource", tickets],
          ["scope", "tickets:read"],
        ]);
        lab().ledger.refused(answer, { ...badSubject, code: "person_token_foreign_client" });
      }
    });

    it("threat 2: opens nothing for an agent without any client", async () => {
      const answer = await open(await lab().twinA.idToken(), "id", "worker");
      lab().ledger.refused(answer, { ...badSubject, code: "person_token_foreign_client" });
    });

    it("threat 2: lends nothing when no rule names the person's group", async () => {
      const planner = await lab().actor("planner");
      const { id_token } = await lab().world.provider.signInAs("planner", "grace");
      const answer = await lab().token(planner, [
        ...exchange("id", id_token),
        ["resource", tickets],
        ["scope", "tickets:read"],
      ]);
      lab().ledger.refused(answer, { status: 400, error: "invalid_scope", code: "scope_exceeds" });
    });

    it("is refused when its issuer is not trusted", async () => {
      const key = await testKey();
      const token = forge(
        key,
        { kid: "x" },
        { ...claimsOf(await lab().twinA.idToken()), iss: "https://idp.attacker.example" },
      );
      lab().ledger.refused(await open(token), { ...badSubject, code: "issuer_untrusted" });
    });

    it("is refused when it comes from the issuer of workloads' evidence", async () => {
      const key = await testKey();
      const evidence = await lab().evidence("opener", "x", key.jkt);
      lab().ledger.refused(await open(evidence), { ...badSubject, code: "issuer_untrusted" });
    });

    it("is refused when it is unsigned", async () => {
      const [, payload] = (await lab().twinA.idToken()).split(".");
      const header = Buffer.from('{"alg":"none","kid":"twin"}').toString("base64url");
      lab().ledger.refused(await open(`${header}.${payload}.`), badSubject);
    });

    it("two issuers, one kid: is refused when the other issuer's key signed it", async () => {
      const { twinA, twinB } = lab();
      lab().ledger.refused(await open(await twinA.idToken({}, {}, twinB.key)), badSubject);
      lab().ledger.refused(await open(await twinB.idToken({}, {}, twinA.key)), badSubject);
      granted(await open(await twinA.idToken()));
      granted(await open(await twinB.idToken()));
    });

    it("threat 8: two principals with one sub at two issuers are two principals", async () => {
      const { twinA, twinB } = lab();
      const [a, again, b] = [
        await open(await twinA.idToken()),
        await open(await twinA.idToken()),
        await open(await twinB.idToken()),
      ];
      const subs = [a, again, b].map((answer) => claimsOf(granted(answer)).sub);
      expect(subs[0]).toBe(subs[1]);
      expect(subs[0]).not.toBe(subs[2]);
      expect(subs[0]).toMatch(/^p_[a-z2-7]{32}$/);
    });

    it("threat 8: a person whose sub is an agent's id does not become that agent", async () => {
      const answer = await open(await lab().twinA.idToken({ sub: lab().idOf("opener") }));
      expect(claimsOf(granted(answer)).sub).toMatch(/^p_/);
    });

    it.each([
      ["two audiences", { aud: ["opener-app", "other-app"] }],
      ["another client", { aud: "other-app" }],
      ["another authorized party", { aud: "opener-app", azp: "other-app" }],
      ["no audience", { aud: undefined }],
      ["no subject", { sub: undefined }],
      ["an empty subject", { sub: "" }],
      ["no expiry", { exp: undefined }],
      ["an issue time in the future", { iat: Math.floor(Date.now() / 1000) + 600 }],
      ["a start in the future", { nbf: Math.floor(Date.now() / 1000) + 600 }],
    ])("is refused with %s", async (_, claims) => {
      const answer = await open(await lab().twinA.idToken(claims));
      expect([400, "invalid_request"]).toEqual([answer.status, answer.json.error]);
      expect(answer.json).not.toHaveProperty("access_token");
    });

    it("is refused when it has expired", async () => {
      const token = await lab().twinA.idToken({ iat: nowSeconds() - 600, exp: nowSeconds() - 120 });
      lab().ledger.refused(await open(token), { ...badSubject, code: "subject_token_expired" });
    });

    it("threat 14: is refused when it is not of the kind the request says", async () => {
      const planner = await lab().actor("planner");
      const { id_token, access_token } = await lab().world.provider.signInAs("planner");
      for (const [type, token] of [
        ["access", id_token],
        ["id", access_token],
      ] as const) {
        const answer = await lab().token(planner, [
          ...exchange(type, token),
          ["resource", customers],
          ["scope", "customers:read"],
        ]);
        expect([answer.status, answer.json.error], answer.text).toEqual([400, "invalid_request"]);
      }
    });

    it("is refused for now when its issuer's keys cannot be fetched", async () => {
      const token = await lab().twinA.idToken({ iss: lab().unreachable });
      const answer = await open(token);
      lab().ledger.refused(answer, { status: 503, error: "temporarily_unavailable", code: "keys_unavailable" });
      expect(answer.headers["retry-after"]).toBeTruthy();
    });

    it("asks an issuer for its keys once for many unknown kids", async () => {
      const before = lab().twinA.keyFetches();
      for (let n = 0; n < 10; n++) await open(await lab().twinA.idToken({}, { kid: `unknown-${n}` }));
      expect(lab().twinA.keyFetches() - before).toBeLessThanOrEqual(2);
    });
  });
}
