/** A deployment with a domain of its own: the story there, and what is tried at its gateway. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPage } from "../../local/demo/story/print.ts";
import { createTeller } from "../../local/demo/story/step.ts";
import { tellStory } from "../../local/demo/story/story.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { freeRow } from "../kit/ports.ts";
import { localStage, synthesizeLocal } from "../kit/stage.ts";
import { createWire } from "../kit/wire/client.ts";
import { jsonBody } from "../kit/wire/forms.ts";
import { header } from "../kit/wire/http.ts";
import { testKey } from "../kit/wire/key.ts";

const folder = mkdtempSync(join(tmpdir(), "lanyard-domain-"));
let origin: string;
let world: World;

/** The app of stage local, with a domain that leads to this machine. */
function synthesize(name: string): Promise<string> {
  const { region, account } = localStage();
  const certificate = `arn:aws:acm:${region}:${account}:certificate/local`;
  return synthesizeLocal(folder, { domain: { name, certificate } });
}

beforeAll(async () => {
  const name = `127.0.0.1:${await freeRow(1)}`;
  origin = `http://${name}`;
  world = await raiseWorld({ memory: true, assembly: await synthesize(name), onProgress: () => undefined });
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a deployment with a domain", () => {
  it("has the domain as issuer and its paths as endpoints, at the issuer itself", async () => {
    const answer = await fetch(`${origin}/.well-known/openid-configuration`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      expect.objectContaining({
        issuer: origin,
        token_endpoint: `${origin}/token`,
        introspection_endpoint: `${origin}/introspect`,
        revocation_endpoint: `${origin}/revoke`,
        lanyard_attestation_endpoint: `${origin}/attest`,
        challenge_endpoint: `${origin}/attest/challenge`,
        jwks_uri: `${origin}/.well-known/jwks.json`,
      }),
    ]);
  });

  it("lets the whole story happen there: attested, handed on, refused, revoked, recorded", async () => {
    const teller = createTeller({ began: () => undefined, ended: () => undefined });
    const page = createPage({ write: () => true }, { NO_COLOR: "1" });
    const { error, ok } = await tellStory({ teller, page }, world);
    expect([ok, error, teller.steps.filter((step) => !step.ok)]).toEqual([true, undefined, []]);
    expect(teller.steps.length).toBeGreaterThan(10);
  });
});

describe("threat 9: a proof for another place", () => {
  const evidence = { type: "aws-sts-web-identity", token: "e30.e30.e30" };
  /** Asks to be attested, with a proof made for some place; it is evaluated before any evidence is. */
  const ask = async (proved: string) => {
    const key = await testKey();
    const agent = "spiffe://lanyard.local/agent/planner";
    const { type, body } = jsonBody({ agent, evidence, challenge: "none" });
    const wire = createWire();
    const post = (nonce?: string) =>
      wire.send(
        "POST",
        `${origin}/attest`,
        { "Content-Type": type, DPoP: wire.proof(key, { url: proved, ...(nonce && { nonce }) }) },
        body,
      );
    // what is asked answers with its nonce, whatever place the proof is for
    return post(header(await post(), "dpop-nonce"));
  };

  it("is evaluated by its evidence when it was made for the domain's path", async () => {
    const { status, json } = await ask(`${origin}/attest`);
    expect([status, json.error]).not.toEqual([400, "invalid_dpop_proof"]);
    expect(["use_attestation_challenge", "invalid_request", "access_denied"]).toContain(json.error);
  });

  it.each([
    ["another domain", () => "https://id.example.com/attest"],
    ["the function's own path", () => `${origin}/`],
    ["a path with the stage in it", () => `${origin}/$default/attest`],
    ["another function of the domain", () => `${origin}/token`],
  ])("is refused when it was made for %s", async (_, made) => {
    const { status, json } = await ask(made());
    expect([status, json.error]).toEqual([400, "invalid_dpop_proof"]);
  });

  it.each(["/$default/token", "/default/token", "/prod/token", "/tokens"])(
    "has nobody to be shown to at %s, which is no function's",
    async (path) => {
      expect((await fetch(`${origin}${path}`, { method: "POST" })).status).toBeGreaterThanOrEqual(404);
    },
  );

  it("is not asked for under a forged Host, which leads to nobody here", async () => {
    const wire = createWire();
    expect((await wire.send("POST", `${origin}/token`, { Host: "evil.example" }, "")).status).toBe(403);
  });
});
