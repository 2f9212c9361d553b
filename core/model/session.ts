import type { Assurance } from "./assurance.ts";
import type { BudgetBounds, SessionBudget } from "./budget.ts";
import type { Login } from "./login.ts";
import type { SignIn } from "./sign-in.ts";

/** One RFC 9396 authorization detail: `type` and the constraint fields its registered type declares. */
export interface AuthorizationDetail {
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * What a session may do at ONE resource. `details` restrict every scope of the grant: there is at most one of each
 * type, and all of them must hold. A type without a detail does not restrict.
 */
export interface Grant {
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly details: readonly AuthorizationDetail[];
}

/**
 * How often tokens of a session, and of everything below it, may be used at resources that ask about every request. The
 * number of uses so far is kept in rows of its own, which only a use changes.
 */
export interface Uses {
  /** The number of uses this session was given; never more than its parent's. */
  readonly max: number;
  /** Names of the counters one use takes from: one for each bounded session from the root down to this one. */
  readonly countedAt: readonly string[];
}

/** The person or agent the work is done for. */
export interface Principal {
  /** The agent's SPIFFE ID, or `p_` + 32 base32 characters (see `principal.ts`). */
  readonly id: string;
  readonly kind: "person" | "agent";
  /**
   * Issuer and subject as the provider names them (RFC 9493 `iss_sub`), kept only where the registry holds a resource
   * that asks for it.
   */
  readonly subId?: { readonly iss: string; readonly sub: string };
  /** Declared groups the person was in at login, as `<trusted issuer's name>/<group>`. Only policies use them. */
  readonly groups?: readonly string[];
}

/** A place in a status list. */
interface StatusPlace {
  readonly list: string;
  readonly idx: number;
}

/** A place that tokens from before a renewal still name. */
export interface FormerStatus extends StatusPlace {
  /** When the last of them has expired. */
  readonly untilSeconds: number;
}

/**
 * A session as stored in table Sessions under (`root`, `sid`). `epochs` are the revocation epochs it was issued under;
 * a child has its parent's and its own. It is alive while every one of them is unchanged.
 */
export interface Session {
  readonly root: string;
  readonly sid: string;
  /** Session ids strictly between the root and this one, eldest first; empty for a root and for a root's child. */
  readonly anc: readonly string[];
  /** Number of delegations from the root: 0 for a root. */
  readonly depth: number;
  readonly principal: Principal;
  /**
   * Every agent that acts or acted, first to current. Where an agent works on its own account, the first is the
   * principal.
   */
  readonly actors: readonly string[];
  readonly grants: readonly Grant[];
  /**
   * RFC 7638 thumbprint of the key the current agent proved. None where it called without a proof: such a session
   * releases bearer tokens for one resource and nothing else.
   */
  readonly jkt?: string;
  readonly assurance: Assurance;
  /** Digest of the code that runs, when attested. */
  readonly build?: string;
  /** Principal id of the person who owned the current agent when the session was opened. */
  readonly owner?: string;
  /** Asserted by the agent: recorded, and never a reason to permit. */
  readonly purpose?: string;
  /** Digests of what the agent said that it works with, at most `limits.toolsAsserted`; they can only take away. */
  readonly tools?: readonly string[];
  readonly createdAtSeconds: number;
  /** Never beyond any ancestor's; a renewal can only move it forward. */
  readonly expiresAtSeconds: number;
  /** Liveness subject (`agent:<id>`, `principal:<id>`, `build:<digest>`, `login:<hash>`, `deployment`) → epoch. */
  readonly epochs: Readonly<Record<string, number>>;
  readonly registryVersion: number;
  /** Where its bit stands in a status list: list id and index. */
  readonly status: StatusPlace;
  /**
   * For a renewed session: where the bits stand that its tokens from before a renewal name, until the last of those
   * tokens expires.
   */
  readonly formerStatus?: readonly FormerStatus[];
  /** Only where uses are counted. */
  readonly uses?: Uses;
  /** Budgets that this session and those above it were opened with, from the root down; each counts all below it. */
  readonly budgets?: readonly SessionBudget[];
  /**
   * For a person's tree: names of the delegation rules that the person's claims matched. Each step below reads them to
   * know what may be delegated.
   */
  readonly delegationRules?: readonly string[];
  /**
   * For a person's tree: digests of what those rules, and the groups of the person's issuer, meant when the root was
   * opened (`narrow/delegation.ts`). Children inherit them and a renewal never refreshes them. A session that has none
   * delegates nothing further (threat 33).
   */
  readonly meanings?: Readonly<Record<string, string>>;
  /**
   * How a child was made from its parent. It can only be renewed in that way. A root has none, but one that was opened
   * with another application's token for what its agent serves, which is as much a hop.
   */
  readonly via?: Via;
  /**
   * The latest end it may ever have, renewals included, in epoch seconds. What was made of another's token ends with
   * that token, or at the time a scope mapping grants. Everything below it inherits the bound (threat 35).
   */
  readonly lastEndSeconds?: number;
  /** For a root that was opened with a person's token: the login to denylist when it is revoked. */
  readonly login?: Login;
  /**
   * For a person's tree: how the person signed in by whose token the root was opened, where a policy of that version
   * wanted anything of it. Children inherit it, and nothing refreshes it.
   */
  readonly signIn?: SignIn;
  /** Set when the session ended before its time without a tombstone (it was revoked while it was being issued). */
  readonly ended?: boolean;
}

/**
 * By an offer of a part of its parent, or by a downstream exchange; `presented` is the grant of the token that was
 * exchanged.
 */
export type Via = { readonly kind: "offer" } | { readonly kind: "hop"; readonly presented: Grant };

/** The session's current agent. */
export const currentAgent = (session: Session): string => session.actors[session.actors.length - 1] ?? "";

/** Ids of every session above `session`, root first; none for a root. */
export const ancestorsOf = (session: Pick<Session, "root" | "sid" | "anc">): readonly string[] =>
  session.sid === session.root ? [] : [session.root, ...session.anc];

/** The `anc` of a child of `parent`. */
export const childAncestors = (parent: Pick<Session, "root" | "sid" | "anc">): readonly string[] =>
  parent.sid === parent.root ? [] : [...parent.anc, parent.sid];

/**
 * An offer as stored in table Sessions under (`root`, `~offer#<hash>`): part of session `from`, for one named agent. Of
 * the handle only a hash is stored.
 */
export interface Offer {
  readonly root: string;
  /** base64url SHA-256 of the handle. */
  readonly handleHash: string;
  /** The whole offering session as it was; the child's parent. */
  readonly from: Session;
  /** The one agent that may redeem it. */
  readonly to: string;
  readonly grants: readonly Grant[];
  /** Uses of the token the offer was made with; the child's uses are taken from these too. */
  readonly usesAbove?: Uses;
  /** How often the child's tokens may be used, where the offer bounds that. */
  readonly maxUses?: number;
  /** What the child, and everything below it, may spend, where the offer bounds that. */
  readonly budget?: BudgetBounds;
  readonly createdAtSeconds: number;
  readonly expiresAtSeconds: number;
  /** The agent that made it has withdrawn it. This is read from its tombstone, never from its row. */
  readonly withdrawn?: boolean;
  /** Set when it is redeemed: the child session, and the key that redeemed it. */
  readonly redeemed?: { readonly sid: string; readonly jkt: string };
}

/**
 * An access token that is an opaque handle, as stored in table Sessions under (`root`, `~access#<hash>`): the claims of
 * a signed token are kept in this row instead. Of the handle only a hash is stored.
 */
export interface AccessHandle {
  readonly root: string;
  /** base64url SHA-256 of the handle. */
  readonly handleHash: string;
  /** RFC 9068 claims without a status reference. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Only where uses are counted: the bound of its session, and its own where it has one. */
  readonly uses?: Uses;
  /** Only where policies with a budget permitted it: their names, by which each request is taken from those budgets. */
  readonly policies?: readonly string[];
  readonly expiresAtSeconds: number;
}

/**
 * AWS credentials that a session got, as stored in table Vends under (`root`, `<sid>#<role>`): one row for each
 * session and role, however often they were fetched. Somebody who stops a session in AWS finds here which credentials
 * are still valid. It contains no secret.
 */
export interface Vend {
  readonly root: string;
  readonly sid: string;
  /** SPIFFE ID of the session's agent, as the credentials are tagged. */
  readonly agent: string;
  /** Name of the registered role. */
  readonly role: string;
  readonly arn: string;
  /** The account the role is in. */
  readonly account: string;
  /**
   * Access key of the newest credentials; the audit records name all of them. What an agent gets by itself nobody tells
   * us.
   */
  readonly accessKeyId?: string;
  /** When the last of them ends. It only moves forward. */
  readonly endsAtSeconds: number;
  /** Where they may outlive the session: when that ends, as it stood when they were given. A renewal does not move it. */
  readonly sessionEndsAtSeconds?: number;
}
