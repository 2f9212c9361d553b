import { fc } from "@fast-check/vitest";
import type { ApprovalDecision, PendingApproval } from "../../../../core/model/approval.ts";
import type { ToolChange, ToolChangePlace } from "../../../../core/model/tool-change.ts";
import {
  decisionItem,
  decisionOf,
  refusedAtOf,
  refusedRequestItem,
} from "../../../../lambdas/aws/dynamodb/approvals/decision-rows.ts";
import {
  namingItem,
  namingOf,
  pendingItem,
  pendingOf,
} from "../../../../lambdas/aws/dynamodb/approvals/pending-rows.ts";
import {
  changeItem,
  changeOfRow,
  placeItem,
  placeOf,
} from "../../../../lambdas/aws/dynamodb/approvals/tool-change-rows.ts";
import { budgetBounds } from "./budget-values.ts";
import { type Kind, kind } from "./kind.ts";
import { free, grant, text, texts, whole } from "./values.ts";

const pendingNeeds = [
  ...["id", "requestHash", "group", "needed", "agent", "jkt", "principal", "actors", "depth", "action", "grants"],
  ...["lifeSeconds", "policies", "meanings", "createdAtSeconds", "expiresAtSeconds", "resume"],
] as const;

const pendingApproval = fc.record(
  {
    ...{ id: text, requestHash: text, group: text, needed: whole, agent: text, jkt: text, build: text, actors: texts },
    principal: fc.record(
      { id: text, kind: fc.constantFrom("person" as const, "agent" as const), groups: texts },
      { requiredKeys: ["id", "kind"] },
    ),
    action: fc.constantFrom("open" as const, "access" as const, "hop" as const),
    grants: fc.array(grant, { maxLength: 2 }),
    ...{
      depth: whole,
      lifeSeconds: whole,
      maxUses: whole,
      budget: budgetBounds,
      session: fc.record({ root: text, sid: text }),
    },
    policies: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
    meanings: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
    ...{ purpose: free, createdAtSeconds: whole, expiresAtSeconds: whole, lastEndSeconds: whole, resume: text },
  },
  { requiredKeys: [...pendingNeeds] as never },
) as fc.Arbitrary<PendingApproval>;

const approvalDecision = fc.record(
  {
    ...{ approval: text, requestHash: text, approver: text.map((one) => `p_${one}`) },
    verdict: fc.constantFrom("approved" as const, "refused" as const),
    proof: fc.constantFrom("iam" as const, "token" as const),
    ...{
      uniqueId: text,
      sourceIdentity: text,
      issuer: text,
      clientId: text,
      atSeconds: whole,
      expiresAtSeconds: whole,
    },
  },
  {
    requiredKeys: ["approval", "requestHash", "approver", "verdict", "proof", "atSeconds", "expiresAtSeconds"],
  },
) as fc.Arbitrary<ApprovalDecision>;

const placed = {
  ...{ id: text, server: text, tool: text, digest: text, from: text, requestHash: text, agent: text },
  ...{ createdAtSeconds: whole, expiresAtSeconds: whole },
};
const placeNeeds = Object.keys(placed).filter((name) => name !== "from");
const toolChange = fc.record(
  {
    ...{ ...placed, group: text, needed: whole, definition: text, former: text },
    kind: fc.constantFrom("changed" as const, "renamed" as const, "new" as const),
  },
  { requiredKeys: [...placeNeeds, "group", "needed", "definition", "kind"] as never },
) as fc.Arbitrary<ToolChange>;
const toolPlace = fc.record({ ...placed, at: text }, { requiredKeys: [...placeNeeds, "at"] as never }) as fc.Arbitrary<
  ToolChangePlace & { readonly at: string }
>;

/** Rows of what waits for people, and of what they said. */
export const approvalKinds: readonly Kind[] = [
  kind({
    name: "pending approval",
    table: "approvals",
    key: "key",
    values: pendingApproval,
    encode: pendingItem,
    decode: pendingOf,
    optional: ["build", "maxUses", "budget", "session", "purpose", "lastEndSeconds"],
  }),
  kind({
    name: "name of an approval",
    table: "approvals",
    key: "key",
    values: fc.record({ key: text, item: text, id: text, expiresAtSeconds: whole }),
    encode: (it) => namingItem(it, it),
    decode: (item) => {
      const { expiresAt: _, ...it } = namingOf(item);
      return it;
    },
    optional: [],
  }),
  kind({
    name: "served tool",
    table: "changes",
    key: "key",
    values: toolChange,
    encode: changeItem,
    decode: changeOfRow,
    optional: ["from", "former"],
  }),
  kind({
    name: "place of a served tool",
    table: "changes",
    key: "key",
    values: toolPlace,
    encode: ({ at, ...place }) => placeItem({ key: "server#x", item: at }, place),
    decode: (item) => {
      const { at, place } = placeOf(item);
      return { ...place, at };
    },
    optional: ["from"],
  }),
  kind({
    name: "decision",
    table: "decisions",
    key: "approval",
    values: approvalDecision,
    encode: decisionItem,
    decode: decisionOf,
    optional: ["uniqueId", "sourceIdentity", "issuer", "clientId"],
  }),
  kind({
    name: "refused request",
    table: "decisions",
    key: "approval",
    values: whole,
    encode: (atSeconds) =>
      refusedRequestItem({
        ...{ approval: "ap_1", requestHash: "h", approver: "p_a", verdict: "refused", proof: "iam" },
        ...{ atSeconds, expiresAtSeconds: 1 },
      }),
    decode: refusedAtOf,
    optional: [],
  }),
];
