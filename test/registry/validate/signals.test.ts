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
const hash = "h".repeat(43);

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

  test("is for issuers of people only, as a SCIM client is", () => {
    const workload = second({ purpose: "workload" });
    expect(messages(plus({ ...workload, events: other }))).toContain("events: is for issuers of people only");
    const scim = { tokenSha256: [hash] };
    expect(messages(plus({ ...workload, scim }))).toContain("scim: is for issuers of people only");
  });
});

describe("a SCIM client", () => {
  test("is known by hashes of its tokens, one or two", () => {
    expect(told({ scim: { tokenSha256: [hash] } })).toEqual([]);
    expect(told({ scim: { tokenSha256: [hash, "i".repeat(43)], subject: "userName" } })).toEqual([]);
  });

  test.each<[string, object]>([
    ["a token itself", { tokenSha256: ["lys_0123456789"] }],
    ["a hash in hex", { tokenSha256: ["0".repeat(64)] }],
    ["no hash", { tokenSha256: [] }],
    ["three", { tokenSha256: ["a", "b", "c"].map((one) => one.repeat(43)) }],
    ["a subject by mail", { tokenSha256: [hash], subject: "emails" }],
  ])("is refused with %s", (_, scim) => expect(told({ scim })).not.toEqual([]));

  test("threat 67: speaks of one issuer's people: no two issuers have one token", () => {
    const scim = { tokenSha256: [hash] };
    expect(messages([...changed(name(), { scim }), second({ scim })])).toEqual([
      expect.stringMatching(/^scim.tokenSha256.0: this token is a SCIM client's already at/),
    ]);
  });
});
