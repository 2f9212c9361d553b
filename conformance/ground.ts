import type { EvidenceSource } from "../client/index.ts";

/** An agent that may be played: who it is, and what it can show. */
export interface Workload {
  /** Its SPIFFE ID. */
  readonly id: string;
  readonly evidence: EvidenceSource;
}

/** A resource and scopes of it. */
export interface Reach {
  readonly uri: string;
  readonly scopes: readonly string[];
}

/** A type of authorization details at the `lent` resource, with three of the same type. */
interface Details {
  /** What a session is opened with. */
  readonly granted: Readonly<Record<string, unknown>>;
  /** Provably narrower. */
  readonly narrower: Readonly<Record<string, unknown>>;
  /** Neither equal nor narrower. */
  readonly beyond: Readonly<Record<string, unknown>>;
  /** What its schema refuses. */
  readonly malformed: Readonly<Record<string, unknown>>;
}

/** What an operator can do. */
export interface Operator {
  /** Sends an order to admin-revoke. */
  order(body: Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * Everything rows stand on: an issuer, agents that may be played and what is registered for them. What is left out, the
 * rows that need it leave out too, and say so.
 */
export interface Ground {
  readonly issuer: string;
  /** Works on its own at `own`. */
  readonly worker: Workload;
  /** Two scopes at a resource of JWT access tokens, bound to keys, which `server` serves. */
  readonly own: Reach;
  /** The agent registered as serving `own`, `counted` and `lent`. */
  readonly server?: Workload;
  /** Another resource that `worker` may use. */
  readonly other?: Reach;
  /** Registered with `accessTokenSigningAlg: RS256`. */
  readonly rsa?: Reach;
  /** Registered with `senderConstraint: none`, at a stage that lets it be. */
  readonly bearer?: Reach;
  /** Registered as `introspecting`, served by `server`. */
  readonly counted?: Reach;
  /** Works for people, and hands on. */
  readonly opener?: Workload;
  /** What a person lends to `opener`. */
  readonly lent?: Reach;
  /** Registered with `subjectIdentifier: iss_sub`; lent to `opener` by the person. */
  readonly named?: Reach;
  /** Lent to `opener` too, where policy wants another sign-in than the person's: by its age or by its class. */
  readonly signedIn?: Reach;
  /** A fresh ID token of a person, issued to the client of `opener`. */
  readonly person?: () => Promise<string>;
  /** A fresh ID token of a person, issued to a client that is not `opener`'s. */
  readonly foreignPerson?: () => Promise<string>;
  /** A fresh identity assertion (ID-JAG) of a person for `opener`, for `lent` and its scopes. */
  readonly asserted?: () => Promise<string>;
  /** The same for a client that is not `opener`. */
  readonly foreignAsserted?: () => Promise<string>;
  /** May be offered what `opener` holds of `lent`'s first scope. */
  readonly helper?: Workload;
  /** Any other agent. */
  readonly stranger?: Workload;
  /** What `server`, which serves `lent` too, may call for a token of `lent`'s first scope. */
  readonly onward?: Reach;
  readonly details?: Details;
  readonly operator?: Operator;
  /** Security events that a registered receiver of `own` has got, and verified by the transmitter's keys. */
  readonly events?: () => readonly ReceivedEvent[];
}

/** A push as it came. */
export interface ReceivedEvent {
  readonly token: string;
  readonly contentType: string;
  readonly accept: string;
  readonly audience: string;
}
