import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { transmitterConfiguration } from "../../core/events/configuration.ts";
import {
  agentSubject,
  deploymentSubject,
  eventTypes,
  principalSubject,
  sessionRevoked,
  sessionSubject,
  verification,
} from "../../core/events/security-event.ts";
import vectors from "../vectors/ssf/ssf-caep-examples.json" with { type: "json" };
import { issuer, now, person, revoked, uid } from "./samples.ts";

const to = { issuer, receiver: "crm", audience: "https://crm.example", issuedAtSeconds: now };
const sid = "s".repeat(22);
const made = sessionRevoked(revoked("session", sid), { ...to, subject: sessionSubject(issuer, sid, person) });

/** The members of an object, at every level but inside maps of languages. */
const shape = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, name.startsWith("reason_") ? {} : shape(inner)]),
      )
    : typeof value;

describe("session-revoked", () => {
  test("has the members and types of the specification's own example, without its tenant", () => {
    const [, complex] = vectors.examples.filter(({ title }) => title.includes("Session Revoked"));
    const expected = shape(complex?.json) as { sub_id: Record<string, unknown> };
    delete expected.sub_id.tenant;
    expect(shape(made)).toEqual(expected);
  });

  test("is exactly this", () => {
    expect(made).toEqual({
      iss: issuer,
      jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      iat: now,
      aud: "https://crm.example",
      txn: uid,
      sub_id: {
        format: "complex",
        session: { format: "opaque", id: sid },
        user: { format: "iss_sub", iss: issuer, sub: person },
      },
      events: {
        [eventTypes.sessionRevoked]: {
          event_timestamp: now - 2,
          initiating_entity: "admin",
          reason_admin: { en: "An operator revoked the session and every session below it." },
          reason_user: { en: "The access this session gave has been withdrawn." },
        },
      },
    });
  });

  test.each(["sub", "exp", "nbf"])("has no %s, which SSF forbids or nobody asks for", (claim) => {
    expect(made).not.toHaveProperty(claim);
  });

  test("names agents, principals and the deployment by standard members of a complex subject", () => {
    expect(agentSubject("spiffe://x/agent/y")).toEqual({
      format: "complex",
      application: { format: "uri", uri: "spiffe://x/agent/y" },
    });
    expect(principalSubject(issuer, person)).toEqual({
      format: "complex",
      user: { format: "iss_sub", iss: issuer, sub: person },
    });
    expect(deploymentSubject(issuer)).toEqual({ format: "complex", tenant: { format: "uri", uri: issuer } });
  });

  test.prop([fc.string(), fc.string(), fc.string(), fc.string()])(
    "has one jti a revocation, receiver and subject: a repetition is known by it, two events are never taken for one",
    (one, two, a, b) => {
      const jti = (id: string, receiver: string) =>
        sessionRevoked(revoked("session", sid, { uid: id }), {
          ...to,
          receiver,
          subject: principalSubject(issuer, person),
        }).jti;
      expect(jti(one, a) === jti(two, b)).toBe(one === two && a === b);
    },
  );
});

describe("verification", () => {
  test("has the members and types of the specification's own example, without a state nobody sent", () => {
    const example = vectors.examples.find(({ title }) => title.endsWith("Verification SET"))?.json;
    const event = verification(uid, to);
    const expected = shape({ ...example, txn: "" }) as { events: Record<string, object> };
    expected.events[eventTypes.verification] = {};
    expect(shape(event)).toEqual(expected);
    expect(event.sub_id).toEqual({ format: "opaque", id: "crm" });
  });
});

describe("the transmitter's configuration", () => {
  test("says what is there in the specification's own members, and names no endpoint that is not", () => {
    const example = vectors.examples.find(({ title }) => title.includes("Transmitter Configuration"))?.json ?? {};
    const ours = transmitterConfiguration(issuer);
    const known = new Set([...Object.keys(example), "default_subjects"]);
    expect(Object.keys(ours).filter((name) => !known.has(name))).toEqual([]);
    expect(Object.keys(ours).filter((name) => name.endsWith("_endpoint"))).toEqual([]);
  });
});
