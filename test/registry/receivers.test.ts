import { describe, expect, test } from "vitest";
import { receiverFindings } from "../../core/registry/checks/receiver.ts";
import { namesOf, referenceFindings } from "../../core/registry/checks/references.ts";
import { registrationSchema } from "../../core/registry/schema.ts";
import { receiver } from "../events/samples.ts";
import { baseRows, tickets } from "../kit/registry.ts";

const deployed = { issuer: "https://abc123.lambda-url.eu-west-1.on.aws" };
const embedded = { issuer: "http://127.0.0.1:4000" };
const at = (endpoint: string, own = deployed) => receiverFindings(receiver("crm", { endpoint }), own);

describe("a receiver's endpoint", () => {
  test("is https on a public name", () => {
    expect(at("https://crm.example/ssf/events")).toEqual([]);
  });

  test.each([
    "http://crm.example/events",
    "https://127.0.0.1/events",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/events",
    "https://localhost/events",
    "https://crm.internal/events",
    "https://crm/events",
    "https://crm.example:8443/events",
    "https://user:secret@crm.example/events",
    "https://crm.example/events?key=1",
    "https://crm.example/events#x",
    "https://CRM.example/events",
    "https://crm.example/a/../events",
    "http://127.0.0.1:4000/events",
    "ftp://crm.example",
    `${deployed.issuer}/events`,
  ])("threat 31: is not %s", (endpoint) => {
    expect(at(endpoint)).not.toEqual([]);
  });

  test("may be on this machine where the issuer is, and is never the issuer itself", () => {
    expect(at("http://127.0.0.1:5000/events", embedded)).toEqual([]);
    expect(at("http://127.0.0.1:4000/events", embedded)).toEqual([
      ["endpoint", "must not be this deployment's own issuer"],
    ]);
    expect(at("http://localhost:5000/events", embedded)).not.toEqual([]);
  });
});

describe("a receiver's registration", () => {
  const read = (more: object) => registrationSchema.safeParse({ ...receiver("crm"), ...more }).success;

  test("says of which resources it hears: registered ones, or all", () => {
    expect(read({ resources: "all" })).toBe(true);
    expect(read({ resources: [tickets] })).toBe(true);
    for (const resources of [undefined, [], "some", ["all", 1]]) expect(read({ resources })).toBe(false);
    const names = namesOf(baseRows);
    expect(referenceFindings(receiver("crm", { resources: [tickets] }), names)).toEqual([]);
    expect(referenceFindings(receiver("crm", { resources: ["https://unknown.example"] }), names)).toHaveLength(1);
  });

  test("names a secret and never holds one", () => {
    expect(read({ authorizationSecret: "crm" })).toBe(true);
    for (const authorizationSecret of ["Bearer abc", "../urls", "/lanyard/dev/urls", "", "A"])
      expect(read({ authorizationSecret })).toBe(false);
    expect(read({ authorization: "Bearer abc" })).toBe(false);
  });

  test.each([{ events: ["token-claims-change"] }, { events: [] }, { audience: "" }, { audience: "two words" }])(
    "is refused with %j",
    (more) => expect(read(more)).toBe(false),
  );
});
