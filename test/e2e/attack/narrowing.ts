import { describe, expect, it } from "vitest";
import { asOfferTo, asSession, exchange, type Fields } from "../../kit/wire/forms.ts";
import { claimsOf } from "../../kit/wire/key.ts";
import { granted, type Lab, openSession } from "./lab.ts";
import { customers, tickets, vault } from "./registry.ts";

const details = (...list: object[]): Fields => [["authorization_details", JSON.stringify(list)]];
const read: Fields = [
  ["resource", vault],
  ["scope", "vault:read"],
];

/** Attempts to come out of a request with more than went in. */
export function narrowingAttacks(lab: () => Lab): void {
  const badScope = { status: 400, error: "invalid_scope", code: "scope_exceeds" } as const;

  describe("a session", () => {
    it("gives no scope it does not hold", async () => {
      const { opener, token } = await openSession(lab());
      const answer = await lab().token(opener, [
        ...exchange("session", token),
        ["resource", vault],
        ["scope", "vault:read vault:write"],
      ]);
      lab().ledger.refused(answer, badScope);
      expect(answer.json.error_description).toContain("vault:write");
      expect(answer.json.error_description).not.toContain("vault:read");
    });

    it("gives no resource it does not hold", async () => {
      const { opener, token } = await openSession(lab());
      const answer = await lab().token(opener, [
        ...exchange("session", token),
        ["resource", tickets],
        ["scope", "tickets:read"],
      ]);
      lab().ledger.refused(answer, badScope);
    });

    it.each([
      [
        "a resource nobody registered",
        [
          ["resource", "https://attacker.example"],
          ["scope", "vault:read"],
        ],
        "invalid_target",
        "resource_unknown",
      ],
      [
        "the issuer as resource",
        [
          ["resource", "ISSUER"],
          ["scope", "vault:read"],
        ],
        "invalid_target",
        "resource_unknown",
      ],
      [
        "AWS STS as resource",
        [
          ["resource", "https://sts.amazonaws.com"],
          ["scope", "vault:read"],
        ],
        "invalid_target",
        "resource_unknown",
      ],
      ["no resource", [["scope", "vault:read"]], "invalid_target", "resource_missing"],
      ["no scope", [["resource", vault]], "invalid_scope", "scope_missing"],
      [
        "a scope of another resource",
        [
          ["resource", vault],
          ["scope", "tickets:read"],
        ],
        "invalid_scope",
        "scope_unknown",
      ],
      [
        "a scope nobody declared",
        [
          ["resource", vault],
          ["scope", "vault:everything"],
        ],
        "invalid_scope",
        "scope_unknown",
      ],
    ] as const)("is not opened over %s", async (_, fields, error, code) => {
      const opener = await lab().actor("opener");
      const filled = fields.map(([n, v]) => [n, v === "ISSUER" ? lab().world.endpoints.issuer : v] as const);
      const answer = await lab().token(opener, [
        ...exchange("id", await lab().twinA.idToken()),
        ...filled,
        ...asSession,
      ]);
      lab().ledger.refused(answer, { status: 400, error, code });
    });

    it("is not given as an access token for two resources", async () => {
      const opener = await lab().actor("opener");
      const both: Fields = [
        ["resource", vault],
        ["resource", customers],
        ["scope", "vault:read customers:read"],
      ];
      const answer = await lab().token(opener, [...exchange("id", await lab().twinA.idToken()), ...both]);
      expect(answer.status).toBe(400);
      expect(["invalid_target", "invalid_scope"]).toContain(answer.json.error);
    });

    it("is not opened for longer than the registration allows", async () => {
      const brief = await lab().actor("brief");
      const answer = await lab().token(brief, [
        ["grant_type", "client_credentials"],
        ...read,
        ["lifetime_seconds", "61"],
      ]);
      lab().ledger.refused(answer, { status: 400, error: "invalid_request", code: "lifetime_exceeds" });
    });

    it.each(["-1", "0", "1e3", "9999999", "NaN"])("is not opened for %s seconds", async (life) => {
      const brief = await lab().actor("brief");
      const answer = await lab().token(brief, [
        ["grant_type", "client_credentials"],
        ...read,
        ["lifetime_seconds", life],
      ]);
      lab().ledger.refused(answer, {
        status: 400,
        error: "invalid_request",
        code: "parameter_invalid",
        anonymous: true,
      });
    });

    it("gives no access token that outlives it", async () => {
      const { opener, token } = await openSession(lab(), "vault:read", [["lifetime_seconds", "30"]]);
      const longer = await lab().token(opener, [
        ...exchange("session", token),
        ["resource", vault],
        ["lifetime_seconds", "60"],
      ]);
      lab().ledger.refused(longer, { status: 400, error: "invalid_request", code: "lifetime_exceeds" });
      const access = claimsOf(granted(await lab().token(opener, [...exchange("session", token), ["resource", vault]])));
      expect(Number(access.exp)).toBeLessThanOrEqual(Number(claimsOf(token).exp));
    });
  });

  describe("a restriction", () => {
    const boxes = {
      type: "vault-box",
      boxes: ["a", "b"],
      amount: 100,
      held: "/eu/west",
      site: "https://vault.example/v1",
      until: "2030-01-01T00:00:00.000Z",
    };
    const restricted = () => openSession(lab(), "vault:read", details(boxes));
    const asked = async (...list: object[]) => {
      const { opener, token } = await restricted();
      return lab().token(opener, [
        ...exchange("session", token),
        ["resource", vault],
        ...(list.length > 0 ? details(...list) : []),
      ]);
    };

    it("threat 7: is inherited when the request drops it", async () => {
      expect(claimsOf(granted(await asked())).authorization_details).toEqual([boxes]);
    });

    it("threat 7: keeps the fields that a narrower one leaves out", async () => {
      const answer = await asked({ type: "vault-box", boxes: ["a"] });
      expect(claimsOf(granted(answer)).authorization_details).toEqual([{ ...boxes, boxes: ["a"] }]);
    });

    it.each([
      ["another box", { type: "vault-box", boxes: ["a", "c"] }, "details_exceed"],
      ["a larger amount", { type: "vault-box", amount: 101 }, "details_exceed"],
      ["no box at all", { type: "vault-box", boxes: [] }, "details_invalid"],
      ["a field nobody declared", { type: "vault-box", everything: true }, "details_invalid"],
      ["a type nobody registered", { type: "vault-key" }, "details_invalid"],
      ["a shelf with a longer name", { type: "vault-box", held: "/eu/western" }, "details_exceed"],
      ["a shelf it steps up from", { type: "vault-box", held: "/eu/west/../north" }, "details_invalid"],
      ["a shelf with an encoded step", { type: "vault-box", held: "/eu/west/%2e%2e" }, "details_invalid"],
      ["a site at another port", { type: "vault-box", site: "https://vault.example:8443/v1" }, "details_exceed"],
      [
        "a site behind a user name",
        { type: "vault-box", site: "https://vault.example@evil.example/v1" },
        "details_invalid",
      ],
      ["a site above it by dots", { type: "vault-box", site: "https://vault.example/v1/../v2" }, "details_exceed"],
      ["a later end that sorts before", { type: "vault-box", until: "2029-12-31T23:30:00-01:00" }, "details_exceed"],
      ["a day that is none", { type: "vault-box", until: "2029-02-30T00:00:00Z" }, "details_invalid"],
      ["an amount without end", { type: "vault-box", amount: 1e308 * 10 }, "details_invalid"],
    ] as const)("is not replaced by %s", async (_, detail, code) => {
      lab().ledger.refused(await asked(detail), { status: 400, error: "invalid_authorization_details", code });
    });

    it("is stored and signed in one spelling of what was asked", async () => {
      const answer = await asked({
        type: "vault-box",
        held: "/eu//west/./2/",
        site: "HTTPS://Vault.example:443/v1/%61",
      });
      expect(claimsOf(granted(answer)).authorization_details).toEqual([
        { ...boxes, held: "/eu/west/2", site: "https://vault.example/v1/a" },
      ]);
    });

    it("threat 7: is not left behind by the narrowed token it stands in", async () => {
      const { opener, token } = await restricted();
      const one = granted(
        await lab().token(opener, [
          ...exchange("session", token),
          ...read,
          ...details({ type: "vault-box", boxes: ["a"] }),
        ]),
      );
      const again = granted(await lab().token(opener, [...exchange("access", one), ...read]));
      expect(claimsOf(again).authorization_details).toEqual([{ ...boxes, boxes: ["a"] }]);
      const wider = details({ type: "vault-box", boxes: ["a", "b"] });
      const code = "details_exceed";
      const refusal = { status: 400, error: "invalid_authorization_details", code } as const;
      lab().ledger.refused(await lab().token(opener, [...exchange("access", one), ...read, ...wider]), refusal);
      const offer = [...exchange("access", one), ...asOfferTo(lab().idOf("worker")), ...read, ...wider];
      lab().ledger.refused(await lab().token(opener, offer), refusal);
    });

    it("threat 7: is asked of an agent that may hold nothing bare", async () => {
      const careful = await lab().actor("careful");
      const own: Fields = [["grant_type", "client_credentials"], ...read];
      lab().ledger.refused(await lab().token(careful, own), {
        status: 400,
        error: "invalid_authorization_details",
        code: "details_required",
      });
      const token = granted(await lab().token(careful, [...own, ...details({ type: "vault-box", amount: 1 })]));
      expect(claimsOf(token).authorization_details).toEqual([{ type: "vault-box", amount: 1 }]);
    });

    it("is of a type the issuer's metadata names", async () => {
      const url = `${lab().world.endpoints.discovery}/.well-known/oauth-authorization-server`;
      const document = (await (await fetch(url)).json()) as { authorization_details_types_supported: string[] };
      expect(document.authorization_details_types_supported).toContain("vault-box");
    });

    it("threat 7: goes along with an offer and a child, and refuses a hop that does not map it", async () => {
      const { opener, token } = await restricted();
      const offer = granted(
        await lab().token(opener, [...exchange("session", token), ...asOfferTo(lab().idOf("worker")), ...read]),
      );
      const worker = await lab().actor("worker");
      const child = granted(await lab().token(worker, exchange("offer", offer)));
      expect(claimsOf(child).authorization_details).toEqual([boxes]);
      const api = await lab().actor("vault-api");
      const hop = await lab().token(api, [
        ...exchange("access", child),
        ["resource", customers],
        ["scope", "customers:read"],
      ]);
      lab().ledger.refused(hop, { status: 400, error: "invalid_authorization_details", code: "details_unmapped" });
    });
  });
}
