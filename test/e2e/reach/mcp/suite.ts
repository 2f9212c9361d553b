import { expect, it } from "vitest";
import { baseline, type Check, faultsOf } from "../../../../conformance/mcp/baseline.ts";
import { clientScenarios, runAuthorization, runClient } from "../../../../conformance/mcp/suite.ts";
import type { Desk } from "./desk.ts";

/** The official suite, by its own program: its closing lines stand below each case. */
export function suiteCases(desk: () => Desk): void {
  const all: Check[] = [];

  // each is two programs of which one waits for the other
  it.concurrent.for(clientScenarios)("the official MCP suite passes our client at %s", async (scenario, context) => {
    const { checks, summary } = await runClient(scenario);
    for (const line of summary) await context.annotate(line);
    all.push(...checks);
    context.expect(faultsOf(checks, [])).toEqual([]);
  });

  it("the official MCP suite passes our issuer as an authorization server, but for what the baseline gives its reason for", async ({
    annotate,
  }) => {
    const { checks, summary } = await runAuthorization(desk().issuer);
    for (const line of summary) await annotate(line);
    for (const { id, reason } of baseline) await annotate(`${id}: ${reason}`);
    all.push(...checks);
    expect(faultsOf(all, baseline)).toEqual([]);
  });
}
