import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { personId } from "../../core/model/person-id.ts";
import { idTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { idp, otherIdp, tickets } from "../kit/registry.ts";
import { testKey } from "../kit/wire/key.ts";
import { audience, caep, openSignals, person, risc, rows, type SignalsWorld, ssf, transmitter } from "./ground.ts";

let signals: SignalsWorld;
beforeEach(async () => {
  signals = await openSignals();
});

const disabled = risc("account-disabled");
const ada = `principal:${personId(idp, "ada")}`;
const standing = (subject = ada) => signals.world.store.epochs.get(subject);
const refusal = async (body: string) => {
  const before = signals.world.store.epochs.size;
  const { status, told, headers } = await signals.push(body);
  expect([status, headers?.["Content-Language"]]).toEqual([400, "en"]);
  expect(signals.world.store.epochs.size).toBe(before);
  expect(Object.keys(told)).toEqual(["err", "description"]);
  return told.err;
};

describe("threat 67: a push that is not what a registered transmitter said to us", () => {
  it.each<[string, string, object, object?]>([
    ["another kind of token: an ID token", "invalid_request", {}, { typ: "JWT" }],
    ["no kind at all", "invalid_request", {}, { typ: undefined }],
    ["a token of several audiences", "invalid_audience", { aud: [audience, "other"] }],
    ["an audience that is not ours", "invalid_audience", { aud: "partner-events" }],
    ["no audience", "invalid_audience", { aud: undefined }],
    ["a key that the issuer does not publish", "invalid_key", {}, { kid: "k2" }],
    ["an algorithm the issuer is not registered for", "invalid_key", {}, { alg: "RS256" }],
    ["no signature to speak of", "invalid_key", {}, { alg: "none" }],
    ["a key in the message", "invalid_request", {}, { jwk: { kty: "EC" } }],
    ["a critical header", "invalid_request", {}, { crit: ["x"] }],
    ["an issuer of nobody's", "invalid_issuer", { iss: "https://login.people.example.evil.example" }],
    ["the issuer with a slash more", "invalid_issuer", { iss: `${idp}/` }],
    ["our own issuer", "invalid_issuer", { iss: "https://abc123.lambda-url.eu-west-1.on.aws" }],
    ["an issuer of people that tells by another transmitter", "invalid_issuer", { iss: otherIdp }],
    ["no issuer", "invalid_request", { iss: undefined }],
    ["a subject claim, which makes it look like a token of the person", "invalid_request", { sub: "ada" }],
    ["an end", "invalid_request", { exp: 1_785_546_000 }],
    ["no name of its own", "invalid_request", { jti: undefined }],
    ["no moment", "invalid_request", { iat: undefined }],
    ["a moment in the future", "invalid_request", { iat: 1_785_542_400 + limits.foreignSkewSeconds + 1 }],
    ["a moment of the day before", "invalid_request", { iat: 1_785_542_400 - limits.eventAgeSeconds - 1 }],
    ["no subject", "invalid_request", { sub_id: undefined }],
    ["no event", "invalid_request", { events: {} }],
    ["two events", "invalid_request", { events: { [disabled]: {}, [caep("session-revoked")]: {} } }],
    ["an event that is no object", "invalid_request", { events: { [disabled]: null } }],
    ["events in a list", "invalid_request", { events: [disabled] }],
  ])("is refused with %s (%s)", async (_, err, claims, header = {}) => {
    expect(await refusal(signals.event(disabled, person("ada"), { claims, header }))).toBe(err);
  });

  it("is refused where another key signed it, under whatever kid, and where it was changed", async () => {
    const other = await testKey();
    expect(await refusal(signals.event(disabled, person("ada"), { key: other }))).toBe("authentication_failed");
    // both transmitters publish a key under this kid
    const partner = signals.event(disabled, person("ada"), { key: signals.partnerKey });
    expect(await refusal(partner)).toBe("authentication_failed");
    const [header, , signature] = signals.event(disabled, person("ada")).split(".");
    const [, changed] = signals.event(disabled, person("olga")).split(".");
    expect(await refusal([header, changed, signature].join("."))).toBe("authentication_failed");
  });

  it("is refused where it is no token, by any text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect((await signals.push(text)).status).toBe(400);
      }),
      { numRuns: 50 },
    );
    expect(await refusal(`${signals.event(disabled, person("ada"))}\n`)).toBe("invalid_request");
    const large = signals.event(disabled, person("ada"), { claims: { more: "x".repeat(limits.tokenBytes) } });
    expect(await refusal(large)).toBe("invalid_request");
  });

  it("is refused under another media type, method or address", async () => {
    const body = signals.event(disabled, person("ada"));
    for (const [call, status] of [
      [{ contentType: "application/jwt" }, 415],
      [{ contentType: undefined }, 415],
      [{ method: "PUT" }, 405],
      [{ path: "/" }, 404],
    ] as const)
      expect((await signals.push(body, call)).status).toBe(status);
    expect(standing()).toBeUndefined();
    expect((await signals.push(body, { contentType: "Application/SecEvent+JWT; charset=utf-8" })).status).toBe(202);
  });

  it("may come again (503) where the keys cannot be fetched, and while no registry can be read", async () => {
    signals.world.web.failure = "unreachable";
    expect((await signals.push(signals.event(disabled, person("ada")))).status).toBe(503);
    signals.world.web.failure = undefined;
    signals.world.store.deployment = undefined as never;
    expect((await signals.push(signals.event(disabled, person("ada")))).status).toBe(503);
    expect(standing()).toBeUndefined();
  });

  it("is of nobody once the registry names the transmitter no more", async () => {
    const body = signals.event(disabled, person("ada"));
    signals.world.publish(2);
    expect(await refusal(body)).toBe("invalid_issuer");
    signals.world.publish(3, ...rows);
    expect((await signals.push(body)).status).toBe(202);
  });
});

describe("threat 67: a transmitter that speaks of others' people", () => {
  it("is refused by name, though the person is known here, and that is written down with who said it", async () => {
    expect(await refusal(signals.partnerEvent(disabled, person("ada")))).toBe("access_denied");
    expect(await refusal(signals.event(disabled, person("ada", otherIdp)))).toBe("access_denied");
    expect(await refusal(signals.partnerEvent(disabled, person("ada", transmitter)))).toBe("access_denied");
    expect(standing()).toBeUndefined();
    const last = signals.records().at(-1);
    expect(last).toMatchObject({ outcome: "denied", signal_issuer: transmitter, signal_event: disabled });
    expect(last.denial.code).toBe("event_subject_foreign");
    expect((await signals.push(signals.partnerEvent(disabled, person("ada", otherIdp)))).status).toBe(202);
    expect(standing(`principal:${personId(otherIdp, "ada")}`)?.blocked).toBe(true);
    expect(standing()).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ["an address of mail, which somebody else may have one day", { format: "email", email: "ada@example.com" }],
    ["a telephone", { format: "phone_number", phone_number: "+12065550100" }],
    ["an account", { format: "account", uri: "acct:ada@login.people.example" }],
    ["an opaque name", { format: "opaque", id: personId(idp, "ada") }],
    ["several names", { format: "aliases", identifiers: [person("ada")] }],
    ["a person with more said of it", { ...person("ada"), email: "ada@example.com" }],
    ["no subject", { format: "iss_sub", iss: idp }],
    ["an empty subject", person("")],
    ["a subject with a zero character", person("a\0da")],
    ["a subject of a thousand characters", person("a".repeat(1_000))],
    ["a list", [person("ada")]],
    ["a text", "ada"],
    ["a complex subject without a user", { format: "complex", tenant: { format: "opaque", id: "t" } }],
    [
      "a complex subject whose user is one again",
      { format: "complex", user: { format: "complex", user: person("ada") } },
    ],
    ["one device of the person", { format: "complex", user: person("ada"), device: { format: "opaque", id: "d" } }],
    ["a member nobody knows", { format: "complex", user: person("ada"), planet: {} }],
  ])("is refused with %s", async (_, subject) => {
    expect(await refusal(signals.event(disabled, subject))).toBe("invalid_request");
    expect(standing()).toBeUndefined();
  });
});

describe("threat 68: a transmitter that repeats itself", () => {
  it("is told each time that it was taken, and changes and writes nothing more, also at one instant", async () => {
    const body = signals.event(disabled, person("ada"));
    const answers = await Promise.all([body, body, body].map((one) => signals.push(one)));
    expect(answers.map(({ status, body: empty }) => [status, empty])).toEqual(Array(3).fill([202, ""]));
    const once = { ...standing() };
    const records = signals.records().length;
    await signals.world.order({ lift: { principal: personId(idp, "ada") }, reason: "came back" });
    expect((await signals.push(body)).status).toBe(202);
    expect(standing()).toMatchObject({ epoch: once.epoch, blocked: false });
    expect(signals.records().length).toBe(records + 1);
  });

  it("uses up no name of another's: two transmitters may have one jti", async () => {
    const jti = "the-same";
    await signals.push(signals.event(disabled, person("ada"), { claims: { jti } }));
    await signals.push(signals.partnerEvent(disabled, person("ada", otherIdp), { jti }));
    expect([standing()?.blocked, standing(`principal:${personId(otherIdp, "ada")}`)?.blocked]).toEqual([true, true]);
  });

  it("is remembered until the event is too old to be heard", async () => {
    await signals.push(signals.event(disabled, person("ada"), { claims: { iat: signals.world.time.seconds + 60 } }));
    const [entry] = [...signals.world.store.replayEntries.values()].filter(({ kind }) => kind === "event");
    expect(entry?.expiresAtSeconds).toBe(signals.world.time.seconds + 60 + limits.eventAgeSeconds + 60);
  });

  it("is asked to come again past its rate, and keeps no other provider from being heard", async () => {
    const send = (n: number) => signals.push(signals.event(caep("session-revoked"), person(`p${n}`)));
    const answers = await Promise.all(Array.from({ length: limits.signalsPerSecond + 2 }, (_, n) => send(n)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([
      ...Array(limits.signalsPerSecond).fill(202),
      ...[429, 429],
    ]);
    expect(answers.find(({ status }) => status === 429)?.headers).toEqual({ "Retry-After": "1" });
    expect((await signals.push(signals.partnerEvent(disabled, person("x", otherIdp)))).status).toBe(202);
    signals.world.time.seconds += 1;
    expect((await send(999)).status).toBe(202);
  });
});

describe("what a transmitter says that ends nothing", () => {
  it.each([
    ssf("verification"),
    ssf("stream-updated"),
    risc("account-enabled"),
    caep("credential-change"),
    caep("token-claims-change"),
    "https://schemas.openid.net/secevent/caep/event-type/session-revoked/",
    "__proto__x",
  ])("is taken and noted: %s", async (type) => {
    const subject = { format: "opaque", id: "stream-1" };
    expect((await signals.push(signals.event(type, subject, { claims: { jti: "n" } }))).status).toBe(202);
    expect(signals.world.store.epochs.size).toBe(0);
    expect(signals.records().at(-1)).toMatchObject({
      ...{ operation: "signal.note", outcome: "allowed", registry_version: 1 },
      ...{ signal_issuer: idp, signal_id: "n", signal_event: type },
    });
  });
});

describe("an event", () => {
  it("is no ID token: what a transmitter signs opens no session", async () => {
    const planner = await signals.world.newAgent("planner");
    const claims = { aud: "planner-app", sub: "ada", exp: signals.world.time.seconds + 600, auth_time: 1 };
    const token = signals.event(disabled, person("ada"), { claims });
    const answer = await signals.world.exchange(planner, token, idTokenType, {
      ...{ resource: tickets, scope: "tickets:read", requested_token_type: sessionTokenType },
    });
    expect([answer.status, answer.body.error]).toEqual([400, "invalid_request"]);
  });
});
