import { describe, expect, it } from "vitest";
import { createDpopNonces, type DpopInput, verifyDpop } from "../../core/jose/dpop.ts";
import { chosenProofs } from "../../scripts/vectors/oauth/dpop.ts";
import { paths } from "../jwt/paths.ts";
import { vectors } from "../kit/vectors.ts";
import { sha256 } from "../kit/wire/key.ts";

interface Case {
  readonly name: string;
  readonly proof: string | null;
  readonly expected: string;
  readonly request_url?: string;
  readonly bound_jkt?: string;
}

const { now, method, url, access_token, bound_jkt, cases } = vectors<{
  now: number;
  method: string;
  url: string;
  access_token: string;
  bound_jkt: string;
  cases: readonly Case[];
}>("dpop/dpop-cases.json");

const shown = (c: Case): DpopInput => ({
  proofs: c.proof ? [c.proof] : [],
  method,
  url: c.request_url ?? url,
  nowSeconds: now,
  ath: sha256(access_token),
});

describe.each(paths)("DPoP proofs of the vectors, by $path", ({ keyMemory }) => {
  const input = (c: Case): DpopInput => ({ ...shown(c), keyMemory });

  it.each(
    cases.map((c) => [chosenProofs.get(c.name) ?? (c.expected === "valid" ? "valid" : "invalid"), c.name, c] as const),
  )("are %s: %s", async (wanted, _name, c) => {
    const result = await verifyDpop(input(c));
    expect(result.ok ? "valid" : "invalid", JSON.stringify(result)).toBe(wanted);
    if (result.ok && c.name !== "jkt-mismatch") expect(result.value.jkt).toBe(c.bound_jkt ?? bound_jkt);
  });

  it.each(["nonce-missing-when-required", "nonce-wrong"])(
    "are sent back where nonces are demanded: %s",
    async (name) => {
      const macs = { minuteKey: async () => Buffer.alloc(32, 7) };
      const nonces = createDpopNonces({ clock: { nowMillis: () => now * 1000 }, macs, server: url });
      expect(await verifyDpop({ ...input(named(name)), nonces })).toMatchObject({
        ok: false,
        error: { code: "dpop_nonce_required" },
      });
    },
  );

  const named = (name: string): Case => {
    const found = cases.find((c) => c.name === name);
    if (!found) throw new Error(`no vector ${name}`);
    return found;
  };

  it("tell their key, so that a proof by another key than the token's is seen", async () => {
    const result = await verifyDpop(input(named("jkt-mismatch")));
    expect(result.ok && result.value.jkt).not.toBe(bound_jkt);
  });

  it("carry one replay entry each time, so that the second use is refused by the store", async () => {
    const [once, twice] = [await verifyDpop(input(named("replay"))), await verifyDpop(input(named("replay")))];
    if (!once.ok || !twice.ok) throw new Error("a good proof was refused");
    expect(once.value.replayEntry).toEqual(twice.value.replayEntry);
    expect(once.value.replayEntry.expiresAtSeconds).toBeGreaterThan(now + 60);
  });

  it("without ath are fine where no access token is shown", async () => {
    const { ath: _, ...atTokenEndpoint } = input(named("ath-missing"));
    expect((await verifyDpop(atTokenEndpoint)).ok).toBe(true);
  });
});
