import type { BudgetBounds } from "./budget.ts";
import type { ApprovalRule, PolicyQuestion } from "./decision.ts";
import type { Grant, Principal } from "./session.ts";

/**
 * A request that waits for people, as stored in table Approvals under (`approval#<id>`, `pending`). It never changes:
 * what people say of it stands in table Decisions, and that it was used in a row of its own.
 */
export interface PendingApproval extends ApprovalRule {
  /**
   * `ap_` and 128 bits; on the wire `auth_req_id`. It is a name and no secret: only `agent` with the key `jkt` can
   * redeem it.
   */
  readonly id: string;
  /**
   * base64url SHA-256 of exactly what is approved (`core/token/approvals/request-hash.ts`). The same request has the same
   * hash, whichever key of its agent asks.
   */
  readonly requestHash: string;
  /** SPIFFE ID of the agent that asked, and the thumbprint of the key that it proved. */
  readonly agent: string;
  readonly jkt: string;
  /** Digest of the code that ran, when attested. */
  readonly build?: string;
  readonly principal: Principal;
  /** Every agent of the chain as it would be, first to current. */
  readonly actors: readonly string[];
  readonly depth: number;
  readonly action: PolicyQuestion["action"];
  /** Narrowed: resources, scopes and details in canonical spelling. */
  readonly grants: readonly Grant[];
  /** How long what is released would live, from its release on. */
  readonly lifeSeconds: number;
  readonly maxUses?: number;
  /** What the session, and everything below it, may spend. */
  readonly budget?: BudgetBounds;
  /** The session that it is a token of, or that it would stand below. */
  readonly session?: { readonly root: string; readonly sid: string };
  /** The policies that determined the answer, with digests of their texts, by name. */
  readonly policies: Readonly<Record<string, string>>;
  /** Digests of what the resources, scopes and details types meant, by kind and name. */
  readonly meanings: Readonly<Record<string, string>>;
  /** The agent's own word, shown as such and no part of the hash. */
  readonly purpose?: string;
  readonly createdAtSeconds: number;
  readonly expiresAtSeconds: number;
  /** The latest end of what is released: that of the person's token, where the registry grants no more (threat 35). */
  readonly lastEndSeconds?: number;
  /** JSON of what the token endpoint decides by once more. Nobody else reads it. */
  readonly resume: string;
}

/** What one person said of a pending approval, as stored in table Decisions. A row is never changed. */
export interface ApprovalDecision {
  /** Id of the pending approval. */
  readonly approval: string;
  readonly verdict: "approved" | "refused";
  /** Hash of the request that the person was shown; it must be the pending's. */
  readonly requestHash: string;
  /** The person: `p_` + 32 base32 characters. */
  readonly approver: string;
  /** How the person was proved: as a caller of IAM, or by a token of a client for approvals. */
  readonly proof: "iam" | "token";
  /** IAM's unique id of the caller, and its source identity. */
  readonly uniqueId?: string;
  readonly sourceIdentity?: string;
  /** For the token way: the issuer of the token, and the client for approvals that it was issued to. */
  readonly issuer?: string;
  readonly clientId?: string;
  readonly atSeconds: number;
  /** When the pending approval expires, after which the row is of no use; a refusal's is kept an hour longer. */
  readonly expiresAtSeconds: number;
}

/** How a pending approval stands, as far as rows tell; its end is compared by who asks. */
export interface ApprovalStanding {
  /** What was said, at most one of each person; refusals among it. */
  readonly decisions: readonly ApprovalDecision[];
  /** Somebody refused it. */
  readonly refused: boolean;
  /** It was redeemed. */
  readonly used: boolean;
}
