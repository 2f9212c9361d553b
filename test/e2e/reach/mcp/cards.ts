import { expect, it } from "vitest";
import * as a2a from "../../../../client/a2a.ts";
import { documented } from "../../../client/page.ts";
import type { Desk } from "./desk.ts";

const { linesOf, run } = documented("mcp.md", { "@lanyard-iam/client/a2a": a2a });
const card = {
  name: "Route planner",
  description: "Plans routes",
  version: "1.0.0",
  supportedInterfaces: [{ url: "https://routes.example/a2a", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
  capabilities: { streaming: true },
  skills: [{ id: "route", name: "Route", description: "From here to there", tags: ["maps"] }],
};

/** The lines of docs/mcp.md about cards, by the keys that the running issuer publishes. */
export function cardCases(desk: () => Desk): void {
  it("a card that an agent signs is verified by a stranger, by the issuer's document of its keys", async () => {
    const { issuer, cardKey } = desk();
    const [signing = "", verifying = ""] = linesOf("Agent cards");
    const signed = (await run(signing, { card, privateKey: cardKey }, "signed")) as object;
    const text = JSON.stringify(signed);
    expect(await run(verifying, { issuer, text }, "verified")).toEqual(card);
    const changed = text.replace("https://routes.example", "https://evil.example");
    await expect(run(verifying, { issuer, text: changed }, "verified")).rejects.toMatchObject({ code: "card_refused" });
  });

  it("the issuer publishes the keys of no agent that did not say so, and tells none of them apart from nobody", async () => {
    const at = (name: string) => fetch(`${desk().issuer}/.well-known/agent-keys/${name}`);
    const answers = await Promise.all([at("keeper"), at("nobody"), at("__proto__"), at("")]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    const own = await at("route-planner");
    expect(await own.json()).toMatchObject({
      issuer: desk().issuer,
      agent: "route-planner",
      keys: [{ kid: "cards-2026" }],
    });
  });
}
