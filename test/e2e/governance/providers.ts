import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { personId } from "../../../core/model/person-id.ts";
import { readRecords } from "../../../local/demo/story/records.ts";
import { sha256, testKey } from "../../kit/wire/key.ts";
import { listen } from "../../kit/wire/server.ts";
import { crm, deploy, type Office } from "./office.ts";

const audience = "https://lanyard.back-office.example/events";
const disabled = "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
const groups = "groups: { claim: groups, names: [support] }";
const mayOwn = `kind: policy
name: grace-answers-for-the-deployer
cedar: |
  permit (principal, action == Action::"own", resource) when { context.agent == Agent::"deployer" };
`;

/** A transmitter of security events beside the provider: its keys on a server of its own. */
async function openTransmitter() {
  const key = await testKey("RS256");
  const keys = { keys: [{ ...key.jwk, kid: "events-1", alg: "RS256", use: "sig" }] };
  const server = await listen({
    "/jwks": { headers: { "content-type": "application/json" }, body: JSON.stringify(keys) },
  });
  const event = (subject: object, claims: object = {}) =>
    key.jws(
      { alg: "RS256", kid: "events-1", typ: "secevent+jwt" },
      {
        ...{ iss: server.origin, aud: audience, iat: Math.floor(Date.now() / 1000), jti: randomUUID() },
        ...{ sub_id: subject, events: { [disabled]: {} }, ...claims },
      },
    );
  return { event, ...server };
}

/** What an identity provider says of who left, pushed over HTTP to the running functions. */
export function providerCases(office: () => Office): void {
  describe("an identity provider", () => {
    it("takes an owner's agents along by one signed push or one SCIM call, and their siblings stay; an operator alone lets them in again", async () => {
      const { world, edited, apply, promote, notes, draft, lets, lanyard } = office();
      const { signals, identityProvider } = world.endpoints;
      const transmitter = await openTransmitter();
      const push = async (body: string) => {
        const headers = { "content-type": "application/secevent+jwt" };
        const answer = await fetch(`${signals}/events`, { method: "POST", headers, body });
        const text = await answer.text();
        return { status: answer.status, err: text === "" ? undefined : (JSON.parse(text) as { err?: string }).err };
      };
      const grace = { format: "iss_sub", iss: identityProvider, sub: "grace" };
      const token = `lys_${randomBytes(32).toString("base64url")}`;
      const heard = `scim: { tokenSha256: ["${sha256(token)}"] }\nevents: { audience: "${audience}", issuer: "${transmitter.origin}", jwksUri: "${transmitter.origin}/jwks" }`;
      const owner = `owner: { issuer: "${identityProvider}", sub: grace }`;
      const jti = randomUUID();
      await edited("trust.yaml", groups, `${groups}\n${heard}`, () =>
        edited("agents/deployment.yaml", "owner: platform@back-office.example", owner, () =>
          edited("agents/owners.yaml", "", mayOwn, async () => {
            await apply();
            const [root, letter] = [await promote(), await draft()];
            const below = await notes(root);
            const alive = async () => [await lets(root, deploy), await lets(below, deploy), await lets(letter, crm)];
            expect(await alive()).toEqual([true, true, true]);
            // of people of another issuer, and by another key under this transmitter's name
            const foreign = transmitter.event({ ...grace, iss: transmitter.origin });
            expect(await push(foreign)).toEqual({ status: 400, err: "access_denied" });
            const [header, payload] = transmitter.event(grace).split(".");
            const forged = [header, payload, foreign.split(".")[2]].join(".");
            expect(await push(forged)).toEqual({ status: 400, err: "authentication_failed" });
            expect(await alive()).toEqual([true, true, true]);
            const event = transmitter.event(grace, { jti });
            expect(await push(event)).toEqual({ status: 202, err: undefined });
            expect(await alive()).toEqual([false, false, true]);
            await expect(promote()).rejects.toThrow(/blocked|denied/i);
            const principal = personId(identityProvider, "grace");
            const lifted = await lanyard(["lift", "--principal", principal, "--reason", "a mistake of the provider's"]);
            expect(lifted, lifted.err).toMatchObject({ code: 0 });
            // the same event once more blocks nobody again
            expect((await push(event)).status).toBe(202);
            expect(await lets(await promote(), deploy)).toBe(true);
            expect(await alive()).toEqual([false, false, true]);
            // and by SCIM, as Entra writes it
            const again = await promote();
            const deactivate = (shown: string) =>
              fetch(`${signals}/scim/v2/Users/${Buffer.from("grace").toString("base64url")}`, {
                method: "PATCH",
                headers: { authorization: `Bearer ${shown}`, "content-type": "application/scim+json" },
                body: JSON.stringify({
                  schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                  Operations: [{ op: "Replace", path: "active", value: "False" }],
                }),
              });
            expect((await deactivate(`lys_${"x".repeat(43)}`)).status).toBe(401);
            expect(await lets(again, deploy)).toBe(true);
            const answer = await deactivate(token);
            expect([answer.status, await answer.json()]).toMatchObject([200, { externalId: "grace", active: false }]);
            expect([await lets(again, deploy), await lets(letter, crm)]).toEqual([false, true]);
            expect(await lanyard(["lift", "--principal", principal, "--reason", "on leave only"])).toMatchObject({
              code: 0,
            });
          }),
        ),
      );
      await apply();
      await transmitter.close();
      await world.cloud.flushAudit();
      const told = readRecords(world.endpoints.auditFolder).filter(({ facts }) => facts.signal_id === jti);
      expect(told.map(({ facts }) => [facts.operation, facts.outcome, facts.operator_arn])).toEqual([
        ["revoke", "allowed", undefined],
      ]);
    });

    it("is heard by a function that needed no right but its role's, and used no signing key", () => {
      const calls = office()
        .world.cloud.calls()
        .filter(({ roleArn }) => roleArn.endsWith("signals"));
      expect(calls.length).toBeGreaterThan(5);
      expect(calls.filter(({ code }) => code?.startsWith("AccessDenied"))).toEqual([]);
      expect(new Set(calls.map(({ operation }) => operation))).not.toContain("Sign");
    });
  });
}
