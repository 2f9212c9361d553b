import type { ApprovalRule } from "./decision.ts";

/**
 * How a tool is served, as far as it decides who may be asked about it. `changed`: it is declared, at other digests.
 * `renamed`: it is what a declared and pinned tool was, under a name that is not declared. `new`: any other tool that
 * is not declared.
 */
export type ToolChangeKind = "changed" | "renamed" | "new";

/** A served tool, and what names the approval of it. */
export interface ToolChangePlace {
  /** `tc_` and 128 bits. It is a name and no secret: who knows it can do nothing with it. */
  readonly id: string;
  /** URI of the resource whose server serves it. */
  readonly server: string;
  /** Name under which it is served. */
  readonly tool: string;
  /** Digest of the declaration that is approved (`core/tools/digest.ts`). */
  readonly digest: string;
  /** Of a renamed tool: the declared name of what it was. */
  readonly from?: string;
  /** base64url SHA-256 of exactly what is approved (`core/approvals/tool-changes/change.ts`). */
  readonly requestHash: string;
  /** The agent that told of it: the server, or a gateway that fronts it. */
  readonly agent: string;
  readonly createdAtSeconds: number;
  /** Until when people may answer, and until when what they answered holds. */
  readonly expiresAtSeconds: number;
}

/** What people are shown of a served tool, and what it is called by. */
export type ShownTool = Pick<ToolChange, "digest" | "definition" | "former"> & Pick<ToolChangePlace, "from">;

/**
 * A tool that is served otherwise than it is pinned, and waits for people, as stored in table Changes. It never changes:
 * what people say of it stands in table Decisions.
 */
export interface ToolChange extends ToolChangePlace, ApprovalRule {
  readonly kind: ToolChangeKind;
  /** Canonical JSON of the declaration: at most `limits.toolChangeBytes`, and `digest` is its digest. */
  readonly definition: string;
  /** Canonical JSON of a declaration at one of the pinned digests, where who told still had it. */
  readonly former?: string;
}
