import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { personId } from "../../core/model/person-id.ts";
import { idp, otherIdp } from "../kit/registry.ts";
import { sha256 } from "../kit/wire/key.ts";
import { openSignals, partnerToken, rows, type SignalsWorld, scimToken } from "./ground.ts";

let signals: SignalsWorld;
beforeEach(async () => {
  signals = await openSignals();
});

const id = (sub: string) => Buffer.from(sub).toString("base64url");
const standing = (sub = "00u1ada", iss = idp) => signals.world.store.epochs.get(`principal:${personId(iss, sub)}`);
const user = (more: object = {}) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
  ...{ userName: "ada@people.example", externalId: "00u1ada", name: { givenName: "Ada", familyName: "Byron" } },
  ...{ emails: [{ primary: true, value: "ada@people.example", type: "work" }], active: true },
  ...more,
});
const patch = (...Operations: unknown[]) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
  Operations,
});
const ada = `Users/${id("00u1ada")}`;

describe("a provider that deactivates a person by SCIM", () => {
  it.each<[string, string, string, unknown, number]>([
    [
      "PATCH with active by its path, as a text (Entra)",
      "PATCH",
      ada,
      patch({ op: "Replace", path: "active", value: "False" }),
      200,
    ],
    ["PATCH with active by its path", "PATCH", ada, patch({ op: "replace", path: "active", value: false }), 200],
    ["PATCH with active in a value (Okta)", "PATCH", ada, patch({ op: "replace", value: { active: false } }), 200],
    ["PATCH that adds", "PATCH", ada, patch({ op: "add", value: { active: false } }), 200],
    [
      "PATCH with the attribute's whole name, beside others",
      "PATCH",
      ada,
      patch(
        { op: "replace", path: 'emails[type eq "work"].value', value: "a@b.example" },
        { op: "replace", path: "urn:ietf:params:scim:schemas:core:2.0:User:active", value: "false" },
      ),
      200,
    ],
    [
      "PATCH that activates and deactivates",
      "PATCH",
      ada,
      patch({ op: "replace", value: { active: false } }, { op: "replace", value: { active: true } }),
      200,
    ],
    ["PUT of a whole user", "PUT", ada, user({ active: false }), 200],
    ["DELETE", "DELETE", ada, undefined, 204],
    ["POST of one who is not active", "POST", "Users", user({ active: false }), 201],
  ])("has that person blocked, with a record that names nobody: %s", async (_, method, path, body, status) => {
    const answer = await signals.scim(method, path, body);
    expect(answer.status).toBe(status);
    if (status !== 204) expect(answer.told).toMatchObject({ id: id("00u1ada"), externalId: "00u1ada", active: false });
    expect(standing()?.blocked).toBe(true);
    const record = signals.records().at(-1);
    expect(record).toMatchObject({
      ...{ operation: "revoke", outcome: "allowed", target: `principal:${personId(idp, "00u1ada")}` },
      ...{ signal_issuer: idp, signal_event: expect.stringMatching(/^scim\.(create|replace|patch|delete)$/) },
    });
    expect(JSON.stringify(record)).not.toMatch(/00u1ada|ada@|Byron/);
    expect((await signals.scim("GET", ada)).told.active).toBe(false);
  });

  it("threat 68: lets nobody in again by activating: an operator does, and the next deactivation counts again", async () => {
    await signals.scim("DELETE", ada);
    for (const [method, path, body] of [
      ["PATCH", ada, patch({ op: "replace", path: "active", value: true })],
      ["PUT", ada, user()],
      ["POST", "Users", user()],
    ] as const)
      expect((await signals.scim(method, path, body)).told.active).toBe(false);
    expect(standing()?.blocked).toBe(true);
    await signals.world.order({ lift: { principal: personId(idp, "00u1ada") }, reason: "came back" });
    expect((await signals.scim("GET", ada)).told.active).toBe(true);
    await signals.scim("PATCH", ada, patch({ op: "replace", value: { active: false } }));
    expect(standing()?.blocked).toBe(true);
  });

  it("has both blocked where it renames somebody who leaves, and may rename nobody else", async () => {
    const renamed = { externalId: "00u1new" };
    const refused = await signals.scim("PUT", ada, user(renamed));
    expect([refused.status, refused.told.scimType]).toEqual([400, "mutability"]);
    expect([standing(), standing("00u1new")]).toEqual([undefined, undefined]);
    expect((await signals.scim("PUT", ada, user({ ...renamed, active: false }))).status).toBe(200);
    expect([standing()?.blocked, standing("00u1new")?.blocked]).toEqual([true, true]);
  });

  it.each<[string, unknown, string]>([
    ["active as a number", patch({ op: "replace", path: "active", value: 0 }), "invalidValue"],
    ["active as another text", patch({ op: "replace", path: "active", value: "no" }), "invalidValue"],
    ["active as nothing", patch({ op: "replace", path: "active" }), "invalidValue"],
    ["active named twice", patch({ op: "replace", value: { active: true, Active: false } }), "invalidValue"],
    ["active removed", patch({ op: "remove", path: "active" }), "mutability"],
    ["an operation nobody knows", patch({ op: "move", path: "active", value: false }), "invalidSyntax"],
    ["a path that is no text", patch({ op: "replace", path: ["active"], value: false }), "invalidPath"],
    ["no operation", patch(), "invalidSyntax"],
    ["more operations than one person has", patch(...Array(101).fill({ op: "replace", value: {} })), "invalidSyntax"],
    ["no schema", { Operations: [{ op: "replace", value: { active: false } }] }, "invalidSyntax"],
  ])("is told that it was not understood, and never that it was done: %s", async (_, body, scimType) => {
    const { status, told } = await signals.scim("PATCH", ada, body);
    expect([status, told.status, told.scimType]).toEqual([400, "400", scimType]);
    expect(told.schemas).toEqual(["urn:ietf:params:scim:api:messages:2.0:Error"]);
    expect(standing()).toBeUndefined();
  });

  it("is told to come again past its rate", async () => {
    const calls = Array.from({ length: limits.signalsPerSecond + 1 }, (_, n) =>
      signals.scim("DELETE", `Users/${id(`u${n}`)}`),
    );
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([...Array(limits.signalsPerSecond).fill(204), 429]);
  });
});

describe("threat 67: a call that is no registered client's", () => {
  it.each([
    ["no token", ""],
    ["another token of the form", `lys_${"c".repeat(43)}`],
    ["the registered hash itself", `lys_${sha256(scimToken)}`],
    ["a token in another letter case", scimToken.toUpperCase()],
    ["a token with more behind it", `${scimToken}a`],
    ["a word that somebody registered the hash of", "replaced"],
  ])("is refused with %s, and tells nothing", async (_, token) => {
    for (const [method, path] of [
      ["DELETE", ada],
      ["GET", ada],
      ["GET", "ServiceProviderConfig"],
      ["GET", "nowhere"],
    ] as const) {
      const { status, told, headers } = await signals.scim(method, path, undefined, { token });
      expect([status, headers?.["WWW-Authenticate"], told.status]).toEqual([401, "Bearer", "401"]);
    }
    expect(standing()).toBeUndefined();
  });

  it("reaches people of its own issuer alone, whatever it names", async () => {
    const token = partnerToken;
    expect((await signals.scim("DELETE", ada, undefined, { token })).status).toBe(204);
    await signals.scim("POST", "Users", user({ userName: "00u1ada", active: false, iss: idp }), { token });
    expect(standing()).toBeUndefined();
    expect(standing("00u1ada", otherIdp)?.blocked).toBe(true);
    expect((await signals.scim("GET", ada)).told.active).toBe(true);
  });

  it("is nobody's once the registry names the token no more", async () => {
    signals.world.publish(2);
    expect((await signals.scim("DELETE", ada)).status).toBe(401);
    signals.world.publish(3, ...rows);
    expect((await signals.scim("DELETE", ada)).status).toBe(204);
  });
});

describe("a provider that looks, and creates", () => {
  const find = (filter: string, more: object = {}) =>
    signals.scim("GET", `Users?filter=${encodeURIComponent(filter)}`, undefined, more);

  it("finds people by the attribute that is their sub, and nobody by another, since no directory is kept", async () => {
    expect((await find('userName eq "ada@people.example"')).told).toMatchObject({ totalResults: 0, Resources: [] });
    const [byName, byId] = [await find('externalId eq "00u1ada"'), await find(`id eq "${id("00u1ada")}"`)];
    for (const { status, told } of [byName, byId])
      expect([status, told.totalResults, told.Resources[0].id]).toEqual([200, 1, id("00u1ada")]);
    expect((await find('USERNAME EQ "ada"', { token: partnerToken })).told.totalResults).toBe(1);
    expect((await signals.scim("GET", "Users")).told.totalResults).toBe(0);
  });

  it.each([
    'userName sw "a"',
    'userName eq "a" or active eq true',
    "userName eq a",
    'emails eq "a"',
    'externalId eq "\\q"',
    `externalId eq "${"a".repeat(2_000)}"`,
  ])("is told that a filter is not read: %s", async (filter) => {
    const { status, told } = await find(filter);
    expect([status, told.scimType]).toEqual([400, "invalidFilter"]);
  });

  it("creates a user under the same id each time, and nothing is stored of whom it names", async () => {
    for (const _ of [1, 2]) {
      const { status, told, headers } = await signals.scim("POST", "Users", user());
      expect([status, told.id, told.userName, told.active]).toEqual([201, id("00u1ada"), "ada@people.example", true]);
      expect(headers?.Location).toBe(`https://sig123.lambda-url.eu-west-1.on.aws/scim/v2/${ada}`);
      expect(JSON.stringify(told)).not.toMatch(/Byron|emails/);
    }
    expect([standing(), signals.records()]).toEqual([undefined, []]);
  });

  it.each<[string, object]>([
    ["without the attribute that is the sub", { externalId: undefined }],
    ["with an empty one", { externalId: "" }],
    ["with one of a thousand characters", { externalId: "a".repeat(1_000) }],
    ["with one that no sub can be", { externalId: "a\u202eb" }],
    ["with one that is no text", { externalId: 7 }],
    ["with an unreadable active", { active: "perhaps" }],
  ])("is refused a user %s", async (_, more) => {
    const { status, told } = await signals.scim("POST", "Users", user(more));
    expect([status, told.scimType]).toEqual([400, "invalidValue"]);
    expect(signals.world.store.epochs.size).toBe(0);
  });

  it.each([
    ["GET", "Groups", 404],
    ["POST", "Bulk", 404],
    ["GET", "Users/", 404],
    ["GET", "Users/a.b", 404],
    ["GET", `Users/${id("a")}=`, 404],
    ["DELETE", `Users/${id("a\0b")}`, 404],
    ["GET", `${ada}/active`, 404],
    ["DELETE", "Users", 405],
    ["POST", ada, 405],
    ["DELETE", "Schemas", 405],
    ["GET", "Schemas/other", 404],
  ])("%s %s is answered %i", async (method, path, status) => {
    expect((await signals.scim(method, path)).status).toBe(status);
    expect(signals.world.store.epochs.size).toBe(0);
  });

  it("is refused another media type, what is no object, and a member named twice", async () => {
    const text = JSON.stringify(user({ active: false }));
    const other = await signals.scim("PUT", ada, text, { contentType: "text/plain" });
    expect(other.status).toBe(415);
    for (const body of ["", "[]", "{", text.replace("{", '{"active":true,')])
      expect((await signals.scim("PUT", ada, body)).status).toBe(400);
    expect((await signals.scim("PUT", ada, text, { contentType: "application/json; charset=utf-8" })).status).toBe(200);
  });

  it("learns what there is: PATCH and one filter, no groups, no bulk", async () => {
    const { told: config } = await signals.scim("GET", "ServiceProviderConfig");
    expect(config).toMatchObject({ patch: { supported: true }, bulk: { supported: false } });
    expect((await signals.scim("GET", "ResourceTypes")).told.Resources.map((one: { id: string }) => one.id)).toEqual([
      "User",
    ]);
    const name = "urn:ietf:params:scim:schemas:core:2.0:User";
    expect((await signals.scim("GET", `Schemas/${name}`)).told.attributes).toHaveLength(3);
    expect((await signals.scim("GET", "Schemas")).told.totalResults).toBe(1);
  });
});
