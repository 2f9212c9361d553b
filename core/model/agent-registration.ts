import type { Assurance } from "./assurance.ts";
import type { Budget } from "./budget.ts";

/** Scopes at a resource. */
export interface ScopeSet {
  readonly resource: string;
  readonly scopes: readonly string[];
}

/**
 * A rule of one registration that attested facts must satisfy. `exact` names facts that must be equal. It must include
 * one that identifies the workload: role ARN, function ARN, SPIFFE ID, or issuer and subject. `tags` can only narrow
 * the rule further.
 */
export interface Selector {
  readonly type: string;
  readonly exact: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * Where the digest of an agent's code comes from, and which digests are releases. With neither `lambda` nor `ecs` the
 * evidence itself must measure the code.
 */
export interface CodeBinding {
  /** The published version whose code is looked up when the evidence names a function. */
  readonly lambda?: { readonly version: string };
  /** The container whose image is taken for the build; the image of every other container must be a release too. */
  readonly ecs?: { readonly container: string };
  /** `CodeSha256` of functions, `sha256:…` of images, measurements of enclaves; nothing else may run. */
  readonly releases: readonly string[];
}

/** Algorithms that a registered key may sign by. */
export const agentKeyAlgorithms = ["ES256", "ES384", "RS256", "PS256", "Ed25519", "EdDSA"] as const;

/**
 * A public key of an agent (RFC 7517), for exactly one algorithm: it authenticates by it (`private_key_jwt`) and signs
 * its agent cards with it. No two agents may have one key.
 */
export interface AgentKey {
  readonly kty: "EC" | "OKP" | "RSA";
  readonly kid: string;
  readonly alg: (typeof agentKeyAlgorithms)[number];
  readonly use?: "sig";
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/**
 * Who is responsible for an agent: a person of a trusted issuer, or a text that nobody verifies. Only a person can be
 * blocked, and then everything of the agent ends.
 */
export type Owner = string | { readonly issuer: string; readonly sub: string };

/** Kinds of what an agent works with. */
export const heldToolKinds = ["mcp-server", "skill", "plugin", "script"] as const;

/** Something an agent works with, and that nobody but the agent sees: what is here says what it should be. */
export interface HeldTool {
  readonly kind: (typeof heldToolKinds)[number];
  /** As the agent's configuration names it; one name of a kind is there once. */
  readonly name: string;
  readonly version?: string;
  /** For an MCP server: the registered resource that it is. */
  readonly resource?: string;
  /**
   * For an MCP server the digest of its set of tools, for anything else that of its bytes. When it is left out, any
   * version will do.
   */
  readonly digests?: readonly string[];
}

/**
 * What a quarantined agent still gets, until an operator lifts the quarantine. It hands nothing on, whatever this says.
 */
export interface QuarantineProfile {
  /** The most it may hold meanwhile; within `may`. */
  readonly scopes: readonly ScopeSet[];
  /** The longest session it may open meanwhile, in seconds. */
  readonly maxLifetimeSeconds?: number;
  /**
   * People of this group, `<trusted issuer>/<group>`, must approve each session that it opens meanwhile, whatever
   * policies permit outright; so many of them, 1 when it is left out. What nobody can be asked for is refused.
   */
  readonly approval?: { readonly group: string; readonly needed?: number };
  /** It goes on serving its resources. Left out, nothing is issued for them, and it learns of no token. */
  readonly serves?: true;
}

/** A registered non-human identity; a resource server is one too. */
export interface AgentRegistration {
  readonly kind: "agent";
  /** Last segment(s) of its SPIFFE ID, `spiffe://<trust-domain>/agent/<name>`. */
  readonly name: string;
  readonly state: "draft" | "active" | "suspended" | "retired";
  /** The person or team that is responsible for it. */
  readonly owner: Owner;
  /**
   * Days within which its owner must have signed in, or been confirmed by an operator; after them it is refused
   * everything until the owner signs in again. Only for an owner who is a person; never asked when it is left out.
   */
  readonly ownerConfirmedDays?: number;
  readonly sponsor: string;
  readonly description?: string;
  readonly selectors: readonly Selector[];
  readonly minimumAssurance: Assurance;
  /**
   * For documents that outlive the process and carry no challenge: another key may take a document over when the key
   * that showed it last has not attested for this long. When it is left out, another key must wait until the document
   * has expired.
   */
  readonly replacesKeyAfterSeconds?: number;
  /**
   * Whether an offer that it has redeemed may be redeemed again by another key of it, which takes the session over: for
   * queues that deliver again, to another process. When it is left out, another key is refused as a thief's.
   */
  readonly redeem?: "any-key";
  /** The code it may run; any code when it is left out. */
  readonly code?: CodeBinding;
  /** The clients whose persons' tokens it may use. A token must be issued to exactly such a client. */
  readonly clients: readonly { readonly issuer: string; readonly clientId: string }[];
  /** Its public keys. With none it can only authenticate by what it attests. */
  readonly keys?: readonly AgentKey[];
  /**
   * It signs A2A agent cards with its keys, so that the issuer publishes them, for everybody. Left out, nobody outside is
   * told of them.
   */
  readonly signsCards?: true;
  /**
   * Its client id at THIS deployment, as an issuer of identity assertions (ID-JAG) knows it: `client_id` of its
   * assertions, and a name it may authenticate by with its keys.
   */
  readonly aliases?: readonly { readonly issuer: string; readonly clientId: string }[];
  /**
   * Persons' access tokens for what this agent serves, issued to other applications (MCP hosts) by the customer's own
   * provider, that it may exchange to go on for the person.
   */
  readonly acceptsTokensOf?: readonly { readonly issuer: string; readonly clients: readonly string[] }[];
  /**
   * It may call without a DPoP proof. It gets bearer tokens of two minutes then, where the resource and the stage allow
   * them too, and nothing else: no session token, offer, renewal or next hop.
   */
  readonly withoutProof?: true;
  /**
   * What people approve for it lives from their approval on, also beyond the end of the person's token that it was asked
   * with. When it is left out, it ends with that token (threat 35).
   */
  readonly lifeFromApproval?: true;
  /** What it works with: MCP servers, skills, plugins, scripts. */
  readonly tools?: readonly HeldTool[];
  /** The most it may ever hold, for any principal. */
  readonly may: readonly ScopeSet[];
  /** What it gets while it is quarantined; nothing when it is left out. */
  readonly quarantine?: QuarantineProfile;
  /** Every grant it holds must be restricted by at least one authorization detail. */
  readonly requiresDetails?: true;
  /** What it may delegate to itself when it acts on its own account; nothing when the list is empty. */
  readonly lends: readonly ScopeSet[];
  /** Audiences its identity token may have beside the issuer. */
  readonly audiences: readonly string[];
  /**
   * `log`: a refusal by policy is recorded and not enforced. It is meant for the time in which an agent is migrated to
   * Lanyard.
   */
  readonly policyMode?: "enforce" | "log";
  readonly maxDepth?: number;
  readonly maxLifetimeSeconds?: number;
  readonly issuancesPerSecond?: number;
  /**
   * Child sessions that a tree this agent opens may get in a quarter of an hour, its offers among them;
   * `limits.treeChildren` when it is left out.
   */
  readonly maxChildren?: number;
  /**
   * What it may spend, for all principals together, in its own sessions and in all sessions below them, whoever works
   * in those.
   */
  readonly budgets?: readonly Budget[];
  /**
   * Day (`YYYY-MM-DD`, UTC) by whose end somebody must have reviewed it. After that day it is reported as overdue, and
   * it works on.
   */
  readonly reviewBy?: string;
  /** Days without a session after which it is reported as dormant; the stage's setting when it is left out. */
  readonly dormantAfterDays?: number;
}
