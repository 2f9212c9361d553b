import { describe, expect, test } from "vitest";
import { validateRegistry } from "../../../core/registry/validate.ts";
import { documents, messages, plus, settings, setUp, sts, tickets, valid } from "./ground.ts";

setUp();

const profiled = (quarantine: unknown, more: Record<string, unknown> = {}) => ({
  kind: "agent",
  name: "new-agent",
  state: "active",
  owner: "o@support-desk.example",
  sponsor: "s@support-desk.example",
  selectors: sts({ roleArn: "arn:aws:iam::111122223333:role/agents/new-agent" }),
  may: [{ resource: tickets, scopes: ["tickets:read", "tickets:write"] }],
  ...more,
  quarantine,
});
const reads = { scopes: [{ resource: tickets, scopes: ["tickets:read"] }] };

describe("a profile for quarantine", () => {
  test("within the registration is taken as it is", () => {
    const outcome = validateRegistry(documents([...valid, profiled({ ...reads, serves: true })]), settings);
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
    expect(outcome.value.at(-1)).toMatchObject({ quarantine: { ...reads, serves: true } });
  });

  test.each([
    ["a scope beyond `may`", { scopes: [{ resource: tickets, scopes: ["tickets:delete"] }] }, {}],
    ["a resource that there is not", { scopes: [{ resource: "https://x.example", scopes: ["x:read"] }] }, {}],
    ["no scopes", { scopes: [] }, {}],
    ["a longer life than outside of it", { ...reads, maxLifetimeSeconds: 601 }, { maxLifetimeSeconds: 600 }],
    ["approval by a group that nobody declares", { ...reads, approval: { group: "people/nobody" } }, {}],
    ["approval by nobody", { ...reads, approval: { group: "people/nobody", needed: 0 } }, {}],
    ["an unknown member", { ...reads, delegates: true }, {}],
    ["`serves: false`, which is what its absence says", { ...reads, serves: false }, {}],
  ])("with %s is refused, with where it stands", (_, profile, more) => {
    expect(messages(plus(profiled(profile, more))).join("\n")).toMatch(/quarantine/);
  });
});
