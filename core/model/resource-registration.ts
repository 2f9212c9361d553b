/** Every rule by which a field of a details type can be compared, as registrations write it. */
export const ruleNames = [
  "one_of",
  "not",
  "exact",
  "max",
  "min",
  "range",
  "before",
  "after",
  "prefix",
  "path",
  "url",
] as const;

/** Name of a rule. */
export type RuleName = (typeof ruleNames)[number];

/**
 * A tool of a resource, as MCP knows it: what a call of it needs, and where its arguments name what details restrict.
 * The decision point and the MCP helper read the same declaration.
 */
export interface ToolDeclaration {
  /** Compared exactly; no two tools of a resource differ in case alone. */
  readonly name: string;
  /** Scopes of the resource, all of which a call needs. */
  readonly scopes: readonly string[];
  /**
   * Details type of the resource → its field → where an argument names the value, as a JSON Pointer into the arguments
   * (RFC 6901). A session that such a detail restricts may not call a tool that names nothing here.
   */
  readonly details?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /**
   * Digests of the declarations that somebody looked at (`core/tools/digest.ts`): who asks about a call must name one of
   * them. When it is left out, any declaration will do.
   */
  readonly digests?: readonly string[];
}

/** The group of people who say whether a changed tool may go on, and how many different ones of it; one when it says none. */
export interface ToolChangeRule {
  /** As `<trusted issuer's name>/<group>`. */
  readonly group: string;
  readonly needed?: number;
}

/** A protected resource and who serves it. */
export interface ResourceRegistration {
  readonly kind: "resource";
  readonly name: string;
  /** Absolute URI without fragment (RFC 8707), the one `aud` of its access tokens. */
  readonly uri: string;
  /** Name of the agent that serves it. */
  readonly servedBy: string;
  /**
   * Names of the agents, gateways, that stand before it: they may ask the decision point about sessions that hold
   * something here, as its server may. They may neither introspect its tokens nor go on from them.
   */
  readonly frontedBy?: readonly string[];
  /** Its tools, for which decisions may be asked; a tool that is not here is refused. */
  readonly tools?: readonly ToolDeclaration[];
  /**
   * Who is asked, by name, where a tool is served otherwise than it is pinned, or is not declared. When it is left out
   * nobody is: such a tool is refused until an apply.
   */
  readonly toolChanges?: ToolChangeRule;
  /** Its scopes; a scope belongs to exactly one resource. */
  readonly scopes: readonly string[];
  readonly accessTokenLifeSeconds?: number;
  /**
   * `none`: the resource cannot check proofs, so its access tokens are bearer tokens, where the stage allows them. When
   * it is left out, every token is bound to its agent's key.
   */
  readonly senderConstraint?: "dpop" | "none";
  /**
   * The resource asks `introspect` about every request. Its access tokens are opaque handles that nobody can verify
   * offline, so that their uses can be counted (threat 24).
   */
  readonly introspecting?: true;
  /** `iss_sub`: its tokens carry the raw pair as `sub_id` (RFC 9493). */
  readonly subjectIdentifier?: "iss_sub";
  /**
   * The algorithm that signs its access tokens: RS256 (RFC 9068 2.1), or ES256 where this says so and the stage has
   * such a key.
   */
  readonly accessTokenSigningAlg?: "ES256" | "RS256";
}

/** What it takes to understand a detail: what it may hold, and how each of its fields is compared. */
export interface DetailsTypeDeclaration {
  readonly name: string;
  /**
   * JSON Schema (2020-12) of a detail without its `type`, in the bounded part that `details-type.ts` allows: exactly
   * one `type` in each node, `additionalProperties: false` on every object, no `$ref`, no `pattern`.
   */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Field, or dotted path of a nested one → the rule by which a value of it is narrower than another. */
  readonly rules: Readonly<Record<string, RuleName>>;
}

/** A type of authorization detail (RFC 9396) that restricts one resource. */
export interface DetailsTypeRegistration extends DetailsTypeDeclaration {
  readonly kind: "details-type";
  readonly resource: string;
  /** Scopes of the resource that are granted only with a detail of this type. */
  readonly requiredFor?: readonly string[];
}
