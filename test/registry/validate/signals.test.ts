import { describe, expect, test } from "vitest";
import { changed, messages, plus, settings, setUp, valid } from "./ground.ts";

setUp();

const people = () => valid.find((row) => row.kind === "trusted-issuer" && row.purpose === "person");
const name = () => String(people()?.name);
const told = (members: Record<string, unknown>) => messages(changed(name(), members));
const other = { audience: "lanyard", issuer: "https://signals.example", jwksUri: "https://signals.example/jwks" };
const second = (members: object) => ({
  ...{ kind: "trusted-issuer", name: "second", purpose: "person", issuer: "https://second.example" },
  algorithms: ["RS256"],
  ...members,
});

describe("a transmitter of an issuer's events", () => {
  test("is the issuer itself, or another one whose keys are named", () => {
    expect(told({ events: { audience: "https://id.example.com/events" } })).toEqual([]);
    expect(told({ events: other })).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["whose keys are not named", { ...other, jwksUri: undefined }, "events.jwksUri: is required"],
    ["without an audience", { issuer: other.issuer, jwksUri: other.jwksUri }, "events.audience: "],
    ["of several audiences", { audience: "a,b" }, "events.audience: must be one value"],
    ["at an address that is not public", { ...other, jwksUri: "https://10.0.0.1/jwks" }, "events.jwksUri: may not"],
    ["at an address without TLS", { ...other, jwksUri: "http://signals.example/jwks" }, "events.jwksUri: may not"],
    ["with our own keys", { ...other, jwksUri: `${settings.issuer}/jwks` }, "events.jwksUri: must not be on"],
    ["that is this deployment", { ...other, issuer: settings.issuer }, "events.issuer: must not be this"],
    ["with a secret", { ...other, secret: "x" }, "events.secret: "],
  ])("threat 67: is refused %s", (_, { jwksUri, ...events }, message) => {
    const found = told({ events: { ...events, ...(jwksUri === undefined ? {} : { jwksUri }) } });
    expect(found.some((one) => one.startsWith(message))).toBe(true);
  });

  test("threat 67: speaks of one issuer's people: two cannot name it, in whatever spelling of the last slash", () => {
    const at = `${name()}`;
    const rows = [...changed(at, { events: other }), second({ events: { ...other, issuer: `${other.issuer}/` } })];
    expect(messages(rows)).toEqual([expect.stringMatching(/^events: .* tells of an issuer's people already at/)]);
    const itself = { audience: "x", issuer: people()?.issuer, jwksUri: other.jwksUri };
    const both = [...changed(at, { events: { audience: "lanyard" } }), second({ events: itself })];
    expect(messages(both)).toEqual([expect.stringMatching(/^events: .* tells of an issuer's people already at/)]);
  });

  test("is for issuers of people only", () => {
    const workload = second({ purpose: "workload" });
    expect(messages(plus({ ...workload, events: other }))).toContain("events: is for issuers of people only");
  });
});
