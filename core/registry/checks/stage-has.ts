import type { Registration } from "../../model/registry.ts";
import type { Finding } from "../finding.ts";

/** What a stage has only where its settings ask for it, since every key costs money each month. */
export type StageHas =
  | "es256"
  | "securityEvents"
  | "awsCredentials"
  | "awsWebIdentity"
  | "decisions"
  | "approvals"
  | "signals";

/**
 * Finds what a registration needs and the stage lacks: it could be registered, and would then fail at its first use.
 * @param has what the stage has; undefined where that is not known, as on an operator's machine
 */
export function lackingFindings(row: Registration, has: readonly StageHas[] | undefined): readonly Finding[] {
  if (!has) return [];
  if (row.kind === "resource" && row.accessTokenSigningAlg === "ES256" && !has.includes("es256"))
    return [
      ["accessTokenSigningAlg", "this stage has no ES256 session key: set keys.es256 and deploy, or leave it out"],
    ];
  if (row.kind === "resource" && row.frontedBy && !has.includes("decisions"))
    return [["frontedBy", "this stage has no decision point that a gateway could ask: set decisions and deploy"]];
  if (row.kind === "resource" && row.toolChanges && !(has.includes("approvals") && has.includes("decisions")))
    return [["toolChanges", "this stage asks nobody about tools: set approvals and decisions and deploy"]];
  if (row.kind === "receiver" && !has.includes("securityEvents"))
    return [["", "this stage pushes no security events: set securityEvents and deploy"]];
  if (row.kind === "aws-role" && !has.includes("awsCredentials"))
    return [["", "this stage gives no AWS credentials: set awsCredentials and deploy"]];
  if (row.kind === "aws-role" && row.exclusive && !has.includes("awsWebIdentity"))
    return [["exclusive", "no agent of this stage takes a role by itself: set awsCredentials.webIdentity and deploy"]];
  if (row.kind === "approver" && !has.includes("approvals")) return [["", noApprovals]];
  if (row.kind === "trusted-issuer" && row.approvals && !has.includes("approvals")) return [["approvals", noApprovals]];
  if (row.kind === "trusted-issuer" && (row.events ?? row.scim) && !has.includes("signals"))
    return [[row.events ? "events" : "scim", noSignals]];
  if (row.kind === "agent" && row.quarantine?.approval && !has.includes("approvals"))
    return [["quarantine.approval", noApprovals]];
  // in a comment it asks for nothing
  if (row.kind === "policy" && /^[^/]*@approval\s*\(/m.test(row.cedar) && !has.includes("approvals"))
    return [["cedar", noApprovals]];
  return [];
}

const noSignals = "this stage hears nothing of identity providers: set signals and deploy";
const noApprovals = "nobody could approve anything at this stage: set approvals and deploy";
