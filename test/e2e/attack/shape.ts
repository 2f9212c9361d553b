import { describe, it } from "vitest";
import { asSession, assertion, exchange, formOf, formType } from "../../kit/wire/forms.ts";
import { testKey } from "../../kit/wire/key.ts";
import type { Lab } from "./lab.ts";
import { vault } from "./registry.ts";

/** Requests that are wrong before anything in them is believed. */
export function shapeAttacks(lab: () => Lab): void {
  const raw = async (headers: Record<string, string>, body: string, method = "POST", path = "") => {
    const { opener, url } = { opener: await lab().actor("opener"), url: lab().world.endpoints.token };
    return lab().wire.send(
      method,
      `${url}${path}`,
      { DPoP: lab().wire.proof(opener.key, { url: url, method }), ...headers },
      body,
    );
  };
  const own = async () =>
    formOf([
      ...assertion(await lab().actor("opener")),
      ["grant_type", "client_credentials"],
      ["resource", vault],
      ["scope", "vault:read"],
    ]);

  describe("a request of the wrong shape", () => {
    it("is refused as JSON", async () => {
      const answer = await raw(
        { "Content-Type": "application/json" },
        JSON.stringify({ grant_type: "client_credentials" }),
      );
      lab().ledger.refused(answer, {
        status: 400,
        error: "invalid_request",
        code: "content_type_unsupported",
        anonymous: true,
      });
    });

    it("is refused without a content type", async () => {
      const answer = await raw({}, await own());
      lab().ledger.refused(answer, {
        status: 400,
        error: "invalid_request",
        code: "content_type_unsupported",
        anonymous: true,
      });
    });

    it("is refused when the body is larger than 64 KiB", async () => {
      const answer = await raw({ "Content-Type": formType }, `${await own()}&padding=${"x".repeat(70_000)}`);
      lab().ledger.refused(answer, { status: 413, error: "invalid_request", code: "body_too_large", anonymous: true });
    });

    it.each(["scope", "grant_type", "client_assertion", "subject_token"])(
      "is refused when %s is sent twice",
      async (name) => {
        const body = `${await own()}&${name}=a&${name}=b`;
        const answer = await raw({ "Content-Type": formType }, body);
        lab().ledger.refused(answer, {
          status: 400,
          error: "invalid_request",
          code: "parameter_repeated",
          anonymous: true,
        });
      },
    );

    it.each(["authorization_code", "password", "refresh_token", "__proto__"])(
      "is refused with grant %s",
      async (grant) => {
        const answer = await raw({ "Content-Type": formType }, (await own()).replace("client_credentials", grant));
        lab().ledger.refused(answer, {
          status: 400,
          error: "unsupported_grant_type",
          code: "grant_unsupported",
          anonymous: true,
        });
      },
    );

    it("is refused without a client, before it is asked for a grant", async () => {
      const answer = await raw({ "Content-Type": formType }, "scope=vault:read");
      lab().ledger.refused(answer, {
        status: 401,
        error: "invalid_client",
        code: "client_unauthenticated",
        anonymous: true,
      });
    });

    it("is refused when parameters stand in the query", async () => {
      const answer = await raw({ "Content-Type": formType }, "", "POST", `/?${await own()}`);
      lab().ledger.refused(answer, {
        status: 401,
        error: "invalid_client",
        code: "client_unauthenticated",
        anonymous: true,
      });
    });

    it("is refused by GET and PUT", async () => {
      for (const method of ["GET", "PUT"]) {
        const answer = await raw({ "Content-Type": formType }, "", method);
        lab().ledger.refused(answer, {
          status: 405,
          error: "invalid_request",
          code: "method_not_allowed",
          anonymous: true,
        });
      }
    });

    it("is refused at a path nobody serves", async () => {
      const answer = await raw({ "Content-Type": formType }, await own(), "POST", "/admin");
      lab().ledger.refused(answer, { status: 404, error: "not_found", code: "not_found", anonymous: true });
    });

    it("is refused when details are no JSON, too deep or too many", async () => {
      const opener = await lab().actor("opener");
      const person = await lab().twinA.idToken();
      const wrong = [
        "{",
        `${"[".repeat(40)}${"]".repeat(40)}`,
        JSON.stringify(Array.from({ length: 30 }, () => ({ type: "vault-box" }))),
        "{}",
      ];
      for (const details of wrong) {
        const answer = await lab().token(opener, [
          ...exchange("id", person),
          ["resource", vault],
          ["scope", "vault:read"],
          ["authorization_details", details],
          ...asSession,
        ]);
        lab().ledger.refused(answer, {
          status: 400,
          error: "invalid_authorization_details",
          code: "details_invalid",
          anonymous: true,
        });
      }
    });

    it("is refused when the attestation is not JSON, or not an object", async () => {
      const { attest } = lab().world.endpoints;
      const key = await testKey();
      for (const body of ["{", "[]", '"text"']) {
        const answer = await lab().wire.send(
          "POST",
          attest,
          { "Content-Type": "application/json", DPoP: lab().wire.proof(key, { url: attest }) },
          body,
        );
        lab().ledger.refused(answer, {
          status: 400,
          error: "invalid_request",
          code: "malformed_request",
          anonymous: true,
        });
      }
    });
  });
}
