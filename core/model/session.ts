import type { Assurance } from "./assurance.ts";
import type { Login } from "./login.ts";

/** One RFC 9396 authorization detail: `type` and the constraint fields its registered type declares. */
export interface AuthorizationDetail {
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * What a session may do at ONE resource. `details` restrict every scope listed beside them: at most one detail of a
 * type, all of them must hold. No detail of a type means that type does not constrain.
 */
export interface Grant {
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly details: readonly AuthorizationDetail[];
}

/**
 * How often tokens of a session, and of everything below it, may be used at resources that ask about every request.
 * How often they were is counted apart, in rows that nothing but a use changes.
 */
export interface Uses {
  /** The most this session was given; never more than its parent. */
  readonly max: number;
  /** Names of the counters one use takes from: those of every bounded session from the root down to this one. */
  readonly countedAt: readonly string[];
}

/** Whoever started the work. */
export interface Principal {
  /** The agent's SPIFFE ID, or `p_` + 32 base32 characters (see `principal.ts`). */
  readonly id: string;
  readonly kind: "person" | "agent";
  /** The raw pair (RFC 9493 `iss_sub`), kept only where the registry holds a resource that asks for it. */
  readonly subId?: { readonly iss: string; readonly sub: string };
  /** Declared groups the person was in at login, as `<trusted issuer's name>/<group>`; for policies alone. */
  readonly groups?: readonly string[];
}

/** A place in a status list. */
interface StatusPlace {
  readonly list: string;
  readonly idx: number;
}

/** A place that tokens issued before a renewal still name. */
export interface FormerStatus extends StatusPlace {
  /** When the last of them has expired. */
  readonly untilSeconds: number;
}

/**
 * A session as stored in table Sessions under (`root`, `sid`).
 * `epochs` are those it was issued under, a child's merged over its parent's: alive means every one is unchanged.
 */
export interface Session {
  readonly root: string;
  readonly sid: string;
  /** Session ids strictly between the root and this one, eldest first; empty for a root and for a root's child. */
  readonly anc: readonly string[];
  /** Delegations from the root: 0 for a root. */
  readonly depth: number;
  readonly principal: Principal;
  /** Every agent that acts or acted, first to current. For an agent on its own the first is the principal itself. */
  readonly actors: readonly string[];
  readonly grants: readonly Grant[];
  /** RFC 7638 thumbprint of the key the current agent proved. */
  readonly jkt: string;
  readonly assurance: Assurance;
  /** Digest of the code that runs, when attested. */
  readonly build?: string;
  /** Asserted by the agent, never a fact. */
  readonly purpose?: string;
  readonly createdAtSeconds: number;
  /** Never beyond any ancestor's; a renewal moves it, always forward. */
  readonly expiresAtSeconds: number;
  /** Liveness subject (`agent:<id>`, `principal:<id>`, `build:<digest>`, `login:<hash>`, `deployment`) → epoch. */
  readonly epochs: Readonly<Record<string, number>>;
  readonly registryVersion: number;
  /** Where this session's bit stands: list id and index. */
  readonly status: StatusPlace;
  /** Of a renewed session: where the bits of its tokens from before a renewal stand, until the last of those expires. */
  readonly formerStatus?: readonly FormerStatus[];
  /** Only where uses are counted. */
  readonly uses?: Uses;
  /** For a person's tree: names of the delegation rules their claims matched, so that each step below knows what
   * may be delegated. */
  readonly delegationRules?: readonly string[];
  /**
   * For a person's tree: whom those rules, and the groups of the person's issuer, meant when the root was opened, as
   * digests (`narrow/delegation.ts`). Children inherit them, a renewal never refreshes them, and what has none delegates
   * nothing further.
   */
  readonly meanings?: Readonly<Record<string, string>>;
  /** Which way a child came from its parent: it is renewed by that way or not at all. None for a root. */
  readonly via?: Via;
  /**
   * The latest end it may ever have, renewals included, in seconds: what was made of another's token ends with that
   * token, or when the scope mapping that grants longer says. Everything below it inherits the bound.
   */
  readonly lastEndSeconds?: number;
  /** For a root opened with a person's token: the login to denylist when it is revoked. */
  readonly login?: Login;
  /** Set when the session ended before its time without a tombstone (it died while it was being issued). */
  readonly ended?: boolean;
}

/** By an offer of part of its parent, or by a downstream exchange, by what the presented token said. */
export type Via = { readonly kind: "offer" } | { readonly kind: "hop"; readonly presented: Grant };

/** The session's current agent. */
export const currentAgent = (session: Session): string => session.actors[session.actors.length - 1] ?? "";

/** Ids of every session above `session`, root first; none for a root. */
export const ancestorsOf = (session: Pick<Session, "root" | "sid" | "anc">): readonly string[] =>
  session.sid === session.root ? [] : [session.root, ...session.anc];

/** What `anc` a child of `parent` carries. */
export const childAncestors = (parent: Pick<Session, "root" | "sid" | "anc">): readonly string[] =>
  parent.sid === parent.root ? [] : [...parent.anc, parent.sid];

/**
 * An offer as stored in table Sessions under (`root`, `~offer#<hash>`): part of session `from`, held out to one agent.
 * The handle itself is never stored.
 */
export interface Offer {
  readonly root: string;
  /** base64url SHA-256 of the handle. */
  readonly handleHash: string;
  /** The offering session, whole, as it was: what the child will hang below. */
  readonly from: Session;
  /** The one agent that may redeem it. */
  readonly to: string;
  readonly grants: readonly Grant[];
  /** What the child's uses are taken from beside its own: the uses of the token the offer was made with. */
  readonly usesAbove?: Uses;
  /** How often the child's tokens may be used, where the offer bounds that. */
  readonly maxUses?: number;
  readonly createdAtSeconds: number;
  readonly expiresAtSeconds: number;
  /** Its giver took it back: told by its tombstone, never by its row. */
  readonly withdrawn?: boolean;
  /** Set by the redemption. */
  readonly redeemed?: { readonly sid: string; readonly jkt: string };
}

/**
 * An access token that is an opaque handle, as stored in table Sessions under (`root`, `~access#<hash>`): what a signed
 * token would say stands here instead of in it. The handle itself is never stored.
 */
export interface AccessHandle {
  readonly root: string;
  /** base64url SHA-256 of the handle. */
  readonly handleHash: string;
  /** RFC 9068 claims without a status reference. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Only where uses are counted: its session's, and its own where it has one. */
  readonly uses?: Uses;
  readonly expiresAtSeconds: number;
}
