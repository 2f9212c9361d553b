import { describe, expect, test } from "vitest";
import type { FunctionUrls } from "../../core/discovery/issuer-metadata.ts";
import { createDiscoveryEndpoint } from "../../core/endpoints/discovery.ts";

const at = (name: string) => `https://${name}.lambda-url.eu-west-1.on.aws/`;
const urls = { attest: at("a"), token: at("t"), introspect: at("i"), revoke: at("r") };

/** What discovery answers about the decision point. */
async function asked(issuer: string, path: string, known: FunctionUrls | undefined) {
  const none = async () => [];
  const endpoint = createDiscoveryEndpoint({
    issuer,
    ownKeys: { published: none } as never,
    urls: async () => known,
    detailsTypes: none,
    cardKeys: async () => undefined,
    lists: { read: async () => undefined, open: none, cuts: async () => undefined } as never,
  });
  const call = { method: "GET", url: `https://x.example${path}`, path, contentType: undefined, body: "", dpop: [] };
  const { status, body } = await endpoint({ ...call, requestId: "r" });
  return { status, document: JSON.parse(body) };
}

describe("metadata of the decision point (AuthZEN 1.0, PDP Metadata)", () => {
  test.each([
    ["https://id.example", "/.well-known/authzen-configuration"],
    ["https://id.example/tenants/one", "/.well-known/authzen-configuration/tenants/one"],
  ])("of issuer %s names it exactly, and each endpoint but a search for subjects", async (issuer, path) => {
    expect(await asked(issuer, path, { ...urls, decide: at("d") })).toEqual({
      status: 200,
      document: {
        policy_decision_point: issuer,
        access_evaluation_endpoint: "https://d.lambda-url.eu-west-1.on.aws/access/v1/evaluation",
        access_evaluations_endpoint: "https://d.lambda-url.eu-west-1.on.aws/access/v1/evaluations",
        search_resource_endpoint: "https://d.lambda-url.eu-west-1.on.aws/access/v1/search/resource",
        search_action_endpoint: "https://d.lambda-url.eu-west-1.on.aws/access/v1/search/action",
      },
    });
  });

  test("is not there where the stage has no decision point, or is not deployed yet", async () => {
    for (const known of [urls, undefined])
      expect((await asked("https://id.example", "/.well-known/authzen-configuration", known)).status).toBe(404);
  });
});
