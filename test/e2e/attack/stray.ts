import { createRemoteJWKSet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { exchange } from "../../kit/wire/forms.ts";
import { send } from "../../kit/wire/http.ts";
import { headerOf } from "../../kit/wire/key.ts";
import { granted, type Lab, openSession } from "./lab.ts";
import { vault } from "./registry.ts";

/** What a standard verifier makes of each kind of our tokens. */
export function strayTokens(lab: () => Lab): void {
  describe("a standard verifier that takes keys from jwks_uri", () => {
    const keys = () => createRemoteJWKSet(new URL(`${lab().world.endpoints.discovery}/.well-known/jwks.json`));
    const { issuer } = { issuer: () => lab().world.endpoints.issuer };

    it("takes an access token for its own resource alone", async () => {
      const { opener, token } = await openSession(lab());
      const access = granted(await lab().token(opener, [...exchange("session", token), ["resource", vault]]));
      const { payload } = await jwtVerify(access, keys(), { issuer: issuer(), audience: vault, typ: "at+jwt" });
      expect(payload).toMatchObject({ aud: vault, scope: "vault:read", cnf: { jkt: opener.key.jkt } });
      await expect(jwtVerify(access, keys(), { audience: "https://other.example" })).rejects.toThrow(/aud/);
    });

    it("threats 3 and 4: takes no identity token at all: its key is not there", async () => {
      const { identity } = await lab().actor("opener");
      await expect(jwtVerify(identity, keys())).rejects.toThrow(/no applicable key/);
      const jwks = (await (await fetch(`${lab().world.endpoints.discovery}/.well-known/jwks.json`)).json()) as {
        keys: { kid: string; d?: string }[];
      };
      expect(jwks.keys.map(({ kid }) => kid)).not.toContain(headerOf(identity).kid);
      expect(jwks.keys.every(({ d }) => d === undefined)).toBe(true);
    });

    it("threat 14: takes no session token where it wants an access token", async () => {
      const { token } = await openSession(lab());
      await expect(jwtVerify(token, keys(), { issuer: issuer(), audience: vault })).rejects.toThrow(/aud/);
      await expect(jwtVerify(token, keys(), { issuer: issuer(), typ: "at+jwt" })).rejects.toThrow(/typ/);
    });
  });

  describe("discovery", () => {
    it.each(["/status/../../etc/passwd", "/status/x", "/.well-known/", "/admin", "//evil.example/"])(
      "answers 404 to %s and says nothing of ours",
      async (path) => {
        const answer = await send("GET", `${lab().world.endpoints.discovery}${path}`);
        expect(answer.status).toBe(404);
        expect(answer.text).not.toMatch(/node_modules|arn:|Error:/);
      },
    );
  });
}
