import type { Denial } from "../../denial/denial.ts";
import { explainDenial } from "../../denial/explain.ts";
import type { RegistryDifference } from "../../model/registry-difference.ts";
import { differenceLines } from "../difference-lines.ts";

/** Why a deployment fails. */
export type DeployRefusal =
  | {
      readonly kind: "changed_by_hand";
      readonly version: number;
      /** ARN of the caller that applied that version. */
      readonly by: string;
      /** What they changed since this stack's last version; without one, what the deployment would change. */
      readonly since: "own" | "none";
      readonly difference: RegistryDifference;
    }
  | { readonly kind: "folder_missing"; readonly digest: string }
  | { readonly kind: "denied"; readonly denial: Denial };

/** CloudFormation accepts an answer of 4,096 bytes in all, ids included. */
const reasonBytes = 2_500;
/** Most lines of a difference, or problems, that are shown. */
const shownLines = 12;

/** Why a deployment failed, in a text short enough for CloudFormation's answer. */
export function deployReason(refusal: DeployRefusal): string {
  return cut(reasonLines(refusal).join("\n"));
}

function reasonLines(refusal: DeployRefusal): readonly string[] {
  switch (refusal.kind) {
    case "changed_by_hand": {
      const { version, by, since, difference } = refusal;
      const what = since === "own" ? "what they changed since" : "what the deployment would change";
      return [
        `Version ${version} of the registry was applied by ${by}, not by this stack. Take it over into the folder, or set registry.force in the stage; ${what}:`,
        ...head(differenceLines(difference)),
      ];
    }
    case "folder_missing":
      return [`The function's package does not hold the registrations ${refusal.digest}; deploy again.`];
    case "denied": {
      const { denial } = refusal;
      const problems = denial.code === "registry_invalid" ? denial.problems : [];
      const lines = problems.map((p) => `${p.file}:${p.line}: ${p.path === "" ? "" : `${p.path}: `}${p.message}`);
      return [`${denial.code}: ${explainDenial(denial).missing}`, ...head(lines)];
    }
  }
}

const head = (lines: readonly string[]): readonly string[] =>
  lines.length <= shownLines ? lines : [...lines.slice(0, shownLines), `and ${lines.length - shownLines} more lines`];

/** Cuts a text to a number of bytes as they are sent, so after JSON escapes. */
function cut(text: string): string {
  let kept = text;
  while (Buffer.byteLength(JSON.stringify(kept)) > reasonBytes) kept = kept.slice(0, Math.floor(kept.length * 0.9));
  return kept === text ? text : `${kept}…`;
}
