import type { Assurance } from "./assurance.ts";
import type { Grant, Principal } from "./session.ts";
import type { SignIn, SignInRule } from "./sign-in.ts";
import type { RegistrySnapshot } from "./snapshot.ts";

/** What is about to happen, as policies see it. A request asks one question for each resource it names. */
export interface PolicyQuestion {
  /**
   * `open` a session, `renew` it, fetch an `access` token, `offer` a part of it, `redeem` an offer, exchange downstream
   * (`hop`).
   */
  readonly action: "open" | "renew" | "access" | "offer" | "redeem" | "hop";
  /** SPIFFE ID of the authenticated agent. */
  readonly agent: string;
  /** For an offer: SPIFFE ID of the agent that the offer names. */
  readonly to?: string;
  readonly principal: Principal;
  readonly grant: Grant;
  readonly depth: number;
  readonly assurance: Assurance;
  /**
   * The type of evidence the agent attested with, and the facts it proved. The decision point has none, since the agent
   * itself does not call: there a policy that reads it cannot be evaluated, and refuses.
   */
  readonly evidence?: { readonly type: string; readonly facts: Readonly<Record<string, string>> };
  readonly build?: string;
  /** How the person signed in for whom it is, where a policy wants something of that and it is known. */
  readonly signIn?: SignIn;
  readonly nowSeconds: number;
  /** What the agent says of itself. A permit never rests on it (threats 25 and 36). */
  readonly asserted: {
    readonly purpose?: string;
    readonly lifetimeSeconds?: number;
    /** Digests of what it works with. */
    readonly tools?: readonly string[];
  };
}

/** Agent, principal, task and the agent's owner must all be permitted. This says which of them was not. */
export type Missing =
  | { readonly who: "agent" | "principal" | "owner" }
  | { readonly who: "task"; readonly tool: string }
  /** The question could not be asked at all: broken policies, or an agent or resource that is not registered. */
  | { readonly who: "question" };

/** What a policy asks for where it permits with approval: the group that approves, and how many different people of it. */
export interface ApprovalRule {
  /** A group of people, as `<trusted issuer's name>/<group>`. */
  readonly group: string;
  /** 1 to `limits.approversMost`. */
  readonly needed: number;
}

/** A refusal, with the names of the policies that determined it. */
interface Refusal {
  readonly allowed: false;
  readonly policies: readonly string[];
  readonly missing: Missing;
  readonly why: string;
}

/**
 * Permitted with the approval of people, by policies that all ask for one. It is not allowed: whoever does not know of
 * approvals takes it for a refusal.
 */
interface WithApproval extends Refusal {
  /** What must be approved together; of each, any one rule is enough. */
  readonly needs: readonly (readonly ApprovalRule[])[];
}

/**
 * Permitted to a person who signed in as policies want, which this one did not, or nobody knows how. It is not allowed
 * either; people are not asked before the sign-in is right.
 */
interface WithSignIn extends Refusal {
  /** A sign-in that would be enough, whatever of the permits it satisfies. */
  readonly signIn: SignInRule;
}

/** A verdict, with the names of the policies that determined it. */
export type Verdict =
  | { readonly allowed: true; readonly policies: readonly string[]; readonly needs?: never; readonly signIn?: never }
  | (Refusal & { readonly needs?: never; readonly signIn?: never })
  | (WithApproval & { readonly signIn?: never })
  | (WithSignIn & { readonly needs?: never });

/** Which of the four arms a verdict is. */
export const turnOf = ({ allowed, needs, signIn }: Verdict): "permitted" | "approval" | "sign-in" | "refused" =>
  allowed ? "permitted" : needs ? "approval" : signIn ? "sign-in" : "refused";

/**
 * The decision that is enforced. `logged` is only recorded: the decision that policies in log-only mode would have made
 * of it, or the refusal that was not enforced because the agent is in log-only mode.
 */
export type PolicyDecision = Verdict & { readonly logged?: Verdict };

/** Default deny; forbid wins; an error of any policy is a deny. */
export interface PolicyEngine {
  decide(registry: RegistrySnapshot, question: PolicyQuestion): PolicyDecision;
}
