import type { Cost } from "./spending.ts";
import type { AgentName, Approver, Build, Person, Published, Scope } from "./state.ts";

/** Who asks: by `0` whoever has the right to, else any agent. Wrong askers are the attacks of a program. */
export type Asker = AgentName | "rightful";

/** One request. `pick` chooses among what exists when it runs, newest first, so that every program means something. */
export type Request =
  | { readonly kind: "attest"; readonly agent: AgentName }
  | {
      readonly kind: "open";
      readonly agent: AgentName;
      readonly login: number | undefined;
      readonly scopes: readonly Scope[];
      readonly lifeSeconds: number | undefined;
      readonly maxUses: number | undefined;
      /** With a budget of its own. */
      readonly budgeted?: boolean;
    }
  | {
      readonly kind: "access";
      readonly token: number;
      readonly by: Asker;
      readonly other: boolean;
      readonly maxUses: number | undefined;
    }
  | { readonly kind: "renew"; readonly token: number; readonly by: Asker; readonly lifeSeconds: number }
  | {
      readonly kind: "offer";
      readonly token: number;
      readonly by: Asker;
      readonly to: AgentName;
      readonly scope: Scope | "held";
      readonly maxUses: number | undefined;
    }
  | { readonly kind: "redeem"; readonly offer: number; readonly by: Asker }
  | { readonly kind: "hop"; readonly token: number; readonly by: Asker; readonly scope: "fitting" | Scope }
  /** Asks how something that waits for people stands; by another key of its agent where `stolen`. */
  | { readonly kind: "claim"; readonly approval: number; readonly by: Asker; readonly stolen: boolean }
  | Vote
  | { readonly kind: "introspect"; readonly token: number; readonly by: Asker; readonly cost: Cost | undefined }
  /** A server says what a call did cost. */
  | { readonly kind: "settle"; readonly report: number; readonly by: Asker; readonly cost: Cost }
  | { readonly kind: "end"; readonly token: number; readonly by: Asker }
  | { readonly kind: "end-below"; readonly token: number; readonly session: number; readonly by: Asker }
  | { readonly kind: "withdraw"; readonly offer: number; readonly by: Asker }
  | { readonly kind: "revoke-session"; readonly session: number }
  | { readonly kind: "revoke"; readonly subject: Subject; readonly cutOnly: boolean }
  | { readonly kind: "lift"; readonly subject: Subject }
  | { readonly kind: "lift-session"; readonly session: number }
  /** Of an agent: its quarantine, by an operator. */
  | { readonly kind: "quarantine" | "release"; readonly agent: AgentName }
  /** An operator's word that an owner is there. */
  | { readonly kind: "confirm"; readonly person: Approver };

/** A person decides what waits: by IAM, by a token of a moment ago, or by one of a login that is too old. */
export interface Vote {
  readonly kind: "vote";
  readonly approval: number;
  readonly person: Approver;
  readonly way: "iam" | "token" | "old";
  readonly verdict: "approve" | "refuse";
  /** Whether the person was shown what waits, and not something else. */
  readonly shown: boolean;
}

/** How a reading of liveness fails: keys stay unread, or the table is not there. */
export type Unread = "incomplete" | "throws";

/** Whom an operator cuts. */
export type Subject =
  | { readonly agent: AgentName }
  | { readonly principal: Approver | AgentName }
  | { readonly build: Build }
  | { readonly deployment: true };

/** One step of a program: a request, two at one instant, or something that happens around them. */
export type Command =
  | Request
  | { readonly kind: "together"; readonly both: readonly [Request, Request] }
  /** Something is asked for, and liveness cannot be read again before it is released. */
  | { readonly kind: "unread"; readonly how: Unread; readonly request: Request }
  /** The same again and again within one second. */
  | { readonly kind: "again"; readonly times: number; readonly request: Request }
  /** One session is offered to an agent many times, and each offer is redeemed. */
  | { readonly kind: "fan"; readonly token: number; readonly to: AgentName; readonly times: number }
  /** Something is asked for, people decide it, something happens, its agent asks how it stands, and uses it. */
  | {
      readonly kind: "elevate";
      readonly ask: Request | undefined;
      readonly votes: readonly Vote[];
      readonly waitSeconds: number;
      readonly between: Command | undefined;
      readonly claim: Request & { readonly kind: "claim" };
      readonly afterwards: Request | undefined;
    }
  /** One agent asks for several things that wait, and the same person refuses some. */
  | { readonly kind: "pile"; readonly login: number; readonly asks: number; readonly refusals: number }
  /** An agent is quarantined, works on as its profile lets it, and is let out again. */
  | {
      readonly kind: "isolate";
      readonly agent: AgentName;
      readonly meanwhile: readonly Command[];
      readonly release: boolean;
      readonly afterwards: readonly Request[];
    }
  /** An owner's word runs out while an agent of his works, or before it asks; somebody signs in, or an operator confirms. */
  | {
      readonly kind: "lapse";
      readonly agent: "researcher" | "triage";
      readonly person: Person;
      readonly waitSeconds: number;
      readonly meanwhile: readonly Request[];
    }
  /** A session for payments is opened and spends, what it spent last is settled, and it spends again. */
  | {
      readonly kind: "spree";
      readonly open: Request & { readonly kind: "open" };
      readonly costs: readonly (Cost | undefined)[];
      readonly settled: Cost | undefined;
      readonly waitSeconds: number;
      readonly more: readonly Cost[];
    }
  | {
      readonly kind: "login";
      readonly person: Person;
      readonly agent: "planner" | "triage";
      /** A sign-in of now, or the same one as the `pick`th newest token's: refreshed. */
      readonly refresh: number | undefined;
      readonly names: "both" | "time" | "device" | "none";
      readonly device: number;
      readonly lifeSeconds: number;
    }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "deploy"; readonly agent: "planner" | "researcher"; readonly build: Build }
  | { readonly kind: "suspend"; readonly agent: AgentName }
  | { readonly kind: "reactivate"; readonly agent: AgentName }
  /** The registry changes, beside the states of agents; an approver is taken out or put back. */
  | {
      readonly kind: "apply";
      readonly change: Partial<Omit<Published, "approvers">> & { readonly approver?: Approver };
    };
