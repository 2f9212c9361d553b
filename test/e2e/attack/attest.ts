import { describe, expect, it } from "vitest";
import { claimsOf, forge, headerOf, testKey } from "../../kit/wire/key.ts";
import { listen } from "../../kit/wire/server.ts";
import type { EvidenceTwist, Lab } from "./lab.ts";
import { vault } from "./registry.ts";

const type = "aws-sts-web-identity";

/** Workloads that claim to be an agent they are not, or show evidence that was not made for this moment. */
export function attestAttacks(lab: () => Lab): void {
  const notProved = { status: 401, error: "invalid_client", anonymous: true } as const;
  /** Attests as `agent` with evidence of workload `workload`, everything else right. */
  const tryAs = async (
    agent: string,
    workload: string,
    twist: EvidenceTwist = {},
    more: Record<string, unknown> = {},
  ) => {
    const key = await testKey();
    const challenge = await lab().challenge(key);
    const token = await lab().evidence(workload, challenge, key.jkt, twist);
    return lab().attest({ agent, evidence: { type, token }, challenge, ...more }, key);
  };

  describe("a workload that attests", () => {
    it("is refused as an agent nobody registered", async () => {
      const answer = await tryAs(lab().idOf("nobody"), "opener");
      lab().ledger.refused(answer, { ...notProved, code: "agent_unknown" });
    });

    it("threat 28: is refused as the agent of that name in another trust domain", async () => {
      const answer = await tryAs("spiffe://other.example/agent/opener", "opener");
      lab().ledger.refused(answer, { ...notProved, code: "agent_unknown" });
    });

    it("threat 15: is refused as an agent whose selectors it does not meet", async () => {
      const answer = await tryAs(lab().idOf("worker"), "opener");
      lab().ledger.refused(answer, { ...notProved, code: "selector_mismatch" });
    });

    it("is told the same whether the agent is unknown or another's", async () => {
      const unknown = await tryAs(lab().idOf("nobody"), "opener");
      const others = await tryAs(lab().idOf("worker"), "opener");
      expect(unknown.json).toEqual(others.json);
    });

    it("is refused as an agent that is suspended", async () => {
      lab().ledger.refused(await tryAs(lab().idOf("asleep"), "asleep"), { ...notProved, code: "agent_inactive" });
    });

    it("is refused with evidence made for another audience", async () => {
      const answer = await tryAs(lab().idOf("opener"), "opener", { audience: "https://sts.amazonaws.com" });
      lab().ledger.refused(answer, { ...notProved, code: "evidence_invalid" });
    });

    it("is refused with evidence that carries another challenge", async () => {
      const key = await testKey();
      const answer = await tryAs(lab().idOf("opener"), "opener", {
        tags: { "lanyard-challenge": await lab().challenge(key) },
      });
      lab().ledger.refused(answer, { ...notProved, code: "evidence_unbound" });
    });

    it("threat 9: is refused with somebody else's evidence and a key of its own", async () => {
      const [victim, thief] = [await testKey(), await testKey()];
      const challenge = await lab().challenge(victim);
      const token = await lab().evidence("opener", challenge, victim.jkt);
      const answer = await lab().attest({ agent: lab().idOf("opener"), evidence: { type, token }, challenge }, thief);
      lab().ledger.refused(answer, { ...notProved, code: "evidence_unbound" });
    });

    it("is refused when the same attestation is sent again", async () => {
      const key = await testKey();
      const challenge = await lab().challenge(key);
      const token = await lab().evidence("opener", challenge, key.jkt);
      const body = { agent: lab().idOf("opener"), evidence: { type, token }, challenge };
      expect((await lab().attest(body, key)).status).toBe(200);
      const again = await lab().attest(body, key);
      expect([again.status, again.json.error]).toEqual([400, "use_attestation_challenge"]);
      lab().ledger.refused(again, {
        status: 400,
        error: "use_attestation_challenge",
        code: "challenge_invalid",
        anonymous: true,
      });
    });

    it.each(["", "x", "a.b.c", "A".repeat(5000)])(
      "is refused with a challenge of its own making: %.8s",
      async (challenge) => {
        const key = await testKey();
        const token = await lab().evidence("opener", "right", key.jkt);
        const answer = await lab().attest({ agent: lab().idOf("opener"), evidence: { type, token }, challenge }, key);
        expect(answer.status).toBe(400);
        expect(["use_attestation_challenge", "invalid_request"]).toContain(answer.json.error);
        expect(answer.json).not.toHaveProperty("identity_token");
      },
    );

    it("is refused with evidence it signed itself under the issuer's kid", async () => {
      const key = await testKey();
      const challenge = await lab().challenge(key);
      const genuine = await lab().evidence("opener", challenge, key.jkt);
      const token = forge(key, { ...headerOf(genuine), alg: "ES256" }, claimsOf(genuine));
      const answer = await lab().attest({ agent: lab().idOf("opener"), evidence: { type, token }, challenge }, key);
      lab().ledger.refused(answer, { ...notProved, code: "evidence_invalid" });
    });

    it("is refused with evidence of an issuer that is trusted for people, not for workloads", async () => {
      const key = await testKey();
      const challenge = await lab().challenge(key);
      const genuine = claimsOf(await lab().evidence("opener", challenge, key.jkt));
      const token = await lab().twinA.idToken({ ...genuine, iss: lab().twinA.issuer }, { typ: "JWT" });
      const answer = await lab().attest({ agent: lab().idOf("opener"), evidence: { type, token }, challenge }, key);
      expect(answer.status).toBe(401);
      lab().ledger.refused(answer, { ...notProved, code: "evidence_invalid" });
    });

    it("never fetches keys from an address that stands in the evidence", async () => {
      const { origin: iss, asked, close } = await listen(() => ({ body: "{}" }));
      const key = await testKey();
      const challenge = await lab().challenge(key);
      const genuine = await lab().evidence("opener", challenge, key.jkt);
      const token = forge(
        key,
        { ...headerOf(genuine), alg: "ES256", jku: `${iss}/jwks` },
        { ...claimsOf(genuine), iss },
      );
      const answer = await lab().attest({ agent: lab().idOf("opener"), evidence: { type, token }, challenge }, key);
      expect(answer.status).toBe(401);
      expect(asked).toEqual([]);
      await close();
    });

    it("is refused with evidence of a kind nobody knows", async () => {
      const key = await testKey();
      const challenge = await lab().challenge(key);
      const answer = await lab().attest(
        { agent: lab().idOf("opener"), evidence: { type: "word-of-honour" }, challenge },
        key,
      );
      lab().ledger.refused(answer, {
        status: 400,
        error: "invalid_request",
        code: "evidence_unsupported",
        anonymous: true,
      });
    });

    it.each(["sts.amazonaws.com", "https://sts.amazonaws.com", vault, "https://anything.example"])(
      "threat 4: is refused an identity token aimed at %s",
      async (audience) => {
        const answer = await tryAs(lab().idOf("opener"), "opener", {}, { audience });
        expect(answer.json).not.toHaveProperty("identity_token");
        lab().ledger.refused(answer, {
          status: 400,
          error: "invalid_target",
          code: "audience_not_registered",
          anonymous: true,
        });
      },
    );
  });
}
