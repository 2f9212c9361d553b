import { describe, expect, test } from "vitest";
import {
  admin,
  type Call,
  credentials,
  discovery,
  introspect,
  outcome,
  revoke,
  role,
  rowOf,
  table,
  token,
  transaction,
} from "./ground.ts";

const looking: Pick<Call, "principal" | "policies"> = {
  principal: role("admin-read"),
  policies: ["Service", "AdminRead"],
};

describe("rights on tables", () => {
  test.each<[string, Call, string]>([
    [
      "token puts a session in a transaction",
      { ...token, action: "dynamodb:PutItem", resource: table("Sessions"), context: transaction },
      "Allowed",
    ],
    [
      "token puts a session without a record beside it",
      { ...token, action: "dynamodb:PutItem", resource: table("Sessions") },
      "ImplicitlyDenied",
    ],
    [
      "token writes a tombstone",
      {
        ...token,
        action: "dynamodb:PutItem",
        resource: table("Tombstones"),
        context: { ...transaction, ...rowOf("x") },
      },
      "ImplicitlyDenied",
    ],
    [
      "token clears a tombstone",
      { ...token, action: "dynamodb:DeleteItem", resource: table("Tombstones") },
      "ImplicitlyDenied",
    ],
    [
      "token puts a refusal alone",
      { ...token, action: "dynamodb:PutItem", resource: table("Outbox"), context: rowOf("denied#x") },
      "Allowed",
    ],
    [
      "token puts another record alone",
      { ...token, action: "dynamodb:PutItem", resource: table("Outbox"), context: rowOf("x") },
      "ImplicitlyDenied",
    ],
    [
      "token overwrites the registry",
      { ...token, action: "dynamodb:PutItem", resource: table("Registry"), context: transaction },
      "ImplicitlyDenied",
    ],
    [
      "revoke writes a tombstone",
      { ...revoke, action: "dynamodb:PutItem", resource: table("Tombstones"), context: transaction },
      "Allowed",
    ],
    [
      "revoke writes a tombstone without a record beside it",
      { ...revoke, action: "dynamodb:PutItem", resource: table("Tombstones") },
      "ImplicitlyDenied",
    ],
    [
      "admin-revoke blocks an agent",
      { ...admin, action: "dynamodb:UpdateItem", resource: table("Revocations"), context: transaction },
      "Allowed",
    ],
    [
      "admin-read reads how budgets stand",
      {
        ...looking,
        action: "dynamodb:BatchGetItem",
        resource: table("Budgets"),
        context: { "dynamodb:LeadingKeys": ["b#agent/x#2026-12-01", "b#person/rule/p_x#2026-12-01T02#3"] },
      },
      "Allowed",
    ],
    [
      "admin-read reads, beside how a budget stands, what was reserved for one call",
      {
        ...looking,
        action: "dynamodb:BatchGetItem",
        resource: table("Budgets"),
        context: { "dynamodb:LeadingKeys": ["b#agent/x#2026-12-01", "report#x"] },
      },
      "ImplicitlyDenied",
    ],
    [
      "admin-read spends from a budget",
      { ...looking, action: "dynamodb:UpdateItem", resource: table("Budgets"), context: rowOf("b#agent/x#2026-12-01") },
      "ImplicitlyDenied",
    ],
    [
      "admin-revoke forges a status list",
      { ...admin, action: "dynamodb:PutItem", resource: table("Lists"), context: rowOf("list#0") },
      "ImplicitlyDenied",
    ],
    [
      "admin-read finds an agent's sessions",
      { ...looking, action: "dynamodb:Query", resource: table("Subjects"), context: rowOf("agent:x#3") },
      "Allowed",
    ],
    [
      "admin-read records a refusal",
      { ...looking, action: "dynamodb:PutItem", resource: table("Outbox"), context: rowOf("denied#x") },
      "Allowed",
    ],
    [
      "admin-read forges the record of a grant",
      { ...looking, action: "dynamodb:PutItem", resource: table("Outbox"), context: rowOf("x") },
      "ImplicitlyDenied",
    ],
    [
      "admin-read forges it within a transaction",
      { ...looking, action: "dynamodb:PutItem", resource: table("Outbox"), context: { ...rowOf("x"), ...transaction } },
      "ImplicitlyDenied",
    ],
    [
      "admin-read lifts a block",
      { ...looking, action: "dynamodb:UpdateItem", resource: table("Revocations"), context: rowOf("standing#agent:x") },
      "ImplicitlyDenied",
    ],
    [
      "admin-read takes a tombstone away",
      { ...looking, action: "dynamodb:DeleteItem", resource: table("Tombstones"), context: rowOf("x") },
      "ImplicitlyDenied",
    ],
    [
      "credentials looks whether a proof was used, before it asks STS",
      { ...credentials, action: "dynamodb:BatchGetItem", resource: table("Markers"), context: rowOf("x") },
      "Allowed",
    ],
    [
      "token looks at replay entries",
      { ...token, action: "dynamodb:BatchGetItem", resource: table("Markers"), context: rowOf("x") },
      "ImplicitlyDenied",
    ],
    [
      "admin-read finds where a record stands",
      { ...looking, action: "dynamodb:GetItem", resource: table("Leaves"), context: rowOf("denied#x") },
      "Allowed",
    ],
    [
      "admin-read reads the log's own head",
      { ...looking, action: "dynamodb:GetItem", resource: table("Leaves"), context: rowOf("~head") },
      "ExplicitlyDenied",
    ],
    ...["PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem"].map((name): [string, Call, string] => [
      `admin-read does more with Leaves: ${name}`,
      { ...looking, action: `dynamodb:${name}`, resource: table("Leaves"), context: rowOf("x") },
      "ImplicitlyDenied",
    ]),
    [
      "admin-read scans all sessions",
      { ...looking, action: "dynamodb:Scan", resource: table("Sessions") },
      "ImplicitlyDenied",
    ],
    [
      "admin-read looks at replay entries",
      { ...looking, action: "dynamodb:BatchGetItem", resource: table("Markers"), context: rowOf("x") },
      "ImplicitlyDenied",
    ],
    [
      "admin-read changes the registry",
      { ...looking, action: "dynamodb:PutItem", resource: table("Registry"), context: rowOf("00000001#agent") },
      "ImplicitlyDenied",
    ],
    [
      "discovery reads a list",
      { ...discovery, action: "dynamodb:GetItem", resource: table("Lists"), context: rowOf("list#0") },
      "Allowed",
    ],
    [
      "discovery reads what is published of the registry",
      { ...discovery, action: "dynamodb:GetItem", resource: table("Registry"), context: rowOf("published") },
      "Allowed",
    ],
    [
      "discovery reads an agent's registration",
      { ...discovery, action: "dynamodb:GetItem", resource: table("Registry"), context: rowOf("00000001#agent") },
      "ImplicitlyDenied",
    ],
    [
      "discovery reads a tombstone",
      { ...discovery, action: "dynamodb:GetItem", resource: table("Tombstones"), context: rowOf("x") },
      "ImplicitlyDenied",
    ],
    [
      "token counts an agent's signatures",
      { ...token, action: "dynamodb:UpdateItem", resource: table("Counters"), context: rowOf("rate#x#1") },
      "Allowed",
    ],
    [
      "token counts what names no row",
      { ...token, action: "dynamodb:UpdateItem", resource: table("Counters") },
      "ImplicitlyDenied",
    ],
    [
      "introspect takes a use without a record beside it",
      { ...introspect, action: "dynamodb:UpdateItem", resource: table("Counters"), context: rowOf("uses#x") },
      "ImplicitlyDenied",
    ],
  ])("%s", async (_, call, expected) => {
    expect(await outcome(call)).toBe(expected);
  });

  test.each([
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "PartiQLInsert",
    "PartiQLUpdate",
    "PartiQLDelete",
  ])(
    "threat 45: credentials, taken over, writes no row of a session: %s on Sessions is refused, alone and in a transaction",
    async (action) => {
      for (const context of [{}, transaction, rowOf("root"), { ...transaction, ...rowOf("root") }]) {
        const call = { ...credentials, action: `dynamodb:${action}`, context };
        expect(await outcome({ ...call, resource: table("Sessions") })).toBe("ImplicitlyDenied");
        const own = action === "UpdateItem" && "dynamodb:EnclosingOperation" in context;
        expect(await outcome({ ...call, resource: table("Vends") })).toBe(own ? "Allowed" : "ImplicitlyDenied");
      }
    },
  );
});
