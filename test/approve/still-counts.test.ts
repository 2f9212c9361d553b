import { expect, test } from "vitest";
import { stillCounts } from "../../core/approvals/still-counts.ts";
import type { ApprovalDecision } from "../../core/model/approval.ts";
import { personId } from "../../core/model/person-id.ts";
import type { Registration } from "../../core/model/registry.ts";
import { idp, registry } from "../kit/registry.ts";
import { client, group, rows } from "./ground.ts";

const said = (more: Partial<ApprovalDecision>): ApprovalDecision => ({
  ...{ approval: "ap_1", verdict: "approved", requestHash: "h", approver: personId(idp, "ada") },
  ...{ proof: "iam", uniqueId: "AROAEXAMPLEEXAMPLE11", sourceIdentity: "ada", atSeconds: 1, expiresAtSeconds: 2 },
  ...more,
});
const byToken = said({ proof: "token", issuer: idp, clientId: client });
const counts = (decision: ApprovalDecision, by: readonly Registration[] = rows) =>
  stillCounts(decision, group, registry(1, ...by));
const without = (name: string) => rows.filter((row) => row.name !== name);
const changed = (name: string, members: object) =>
  rows.map((row) => (row.name === name ? ({ ...row, ...members } as Registration) : row));

test("an approval counts at its use while the registry says so, by IAM and by token", () => {
  expect(counts(said({}))).toBe(true);
  expect(counts(byToken)).toBe(true);
  expect(counts(byToken, without("ada"))).toBe(true);
});

test("threat 58: an approval of somebody who was taken out meanwhile counts no more", () => {
  expect(counts(said({}), without("ada"))).toBe(false);
  expect(counts(said({}), changed("ada", { groups: ["people/support"] }))).toBe(false);
  expect(counts(said({}), changed("ada", { person: { issuer: idp, sub: "eve" } }))).toBe(false);
  expect(counts(byToken, changed("people", { approvals: { clients: ["another"] } }))).toBe(false);
  expect(counts(byToken, changed("people", { groups: { claim: "groups", names: ["support"] } }))).toBe(false);
  expect(counts(said({ verdict: "refused" }))).toBe(false);
});
