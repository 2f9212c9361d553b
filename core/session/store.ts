import type { AuditRecord } from "../audit/record.ts";
import type { PendingApproval } from "../model/approval.ts";
import type { CostReport } from "../model/budget.ts";
import type { Login, LoginKeys } from "../model/login.ts";
import type { PersonKey } from "../model/person-key.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import type { Result } from "../model/result.ts";
import type { AccessHandle, Offer, Session, Vend } from "../model/session.ts";

/**
 * What one liveness read must contain. The adapter removes duplicate keys and reads everything in ONE strongly
 * consistent batch.
 */
export interface LivenessQuery {
  readonly session?: { readonly root: string; readonly sid: string };
  /** Session ids whose tombstones are looked for (the session's own is added). */
  readonly tombstones: readonly string[];
  /** Liveness subjects: `agent:<id>`, `principal:<id>`, `build:<digest>`, `login:<hash>`. The deployment's row is always read. */
  readonly subjects: readonly string[];
  /** An offer that is read in the same batch. */
  readonly offer?: { readonly root: string; readonly handleHash: string };
  /** Key of a replay entry, read in the same batch by a function that may; what is written decides all the same. */
  readonly replay?: string;
  /** A person whose key is read in the same batch, for a record that may hold free text or claims of that person. */
  readonly person?: string;
  /** Principal ids of owners whose last confirmation is read in the same batch. */
  readonly owners?: readonly string[];
}

/** An owner's word that it is still there: a login, or an operator's. */
export interface Confirmation {
  /** Principal id of the owner. */
  readonly principal: string;
  /** When the owner signed in, or the operator said so. */
  readonly atSeconds: number;
}

/**
 * Counter row of an agent, principal, build, login or the deployment. A row that does not exist means epoch 0, not
 * blocked.
 */
export interface RevocationEpoch {
  readonly epoch: number;
  readonly blocked: boolean;
  /** Of an agent: it gets the profile that its registration names for that case, or nothing. */
  readonly quarantined?: true;
  /** When the last cut happened. A person's tokens must be issued later than this plus 60 s, or they stay refused. */
  readonly cutAtSeconds?: number;
  /** Whether an operator has lifted its block since the last cut. */
  readonly lifted?: boolean;
  /** For a login's row: when one of its names was last denylisted; absent when none is. */
  readonly denylistedAtSeconds?: number;
}

/** What the batch returned. */
export interface LivenessRows {
  /**
   * False when a key could not be read within the deadline. Then nothing is granted and nothing is ended (threat 44).
   */
  readonly complete: boolean;
  readonly session?: Session;
  /** The offer that was asked for, where there is one. */
  readonly offer?: Offer;
  /** The replay entry that was asked for is there. */
  readonly isReplay?: true;
  /** The key of the person that was asked for, where there is one. */
  readonly personKey?: PersonKey;
  readonly tombstones: ReadonlySet<string>;
  readonly epochs: ReadonlyMap<string, RevocationEpoch>;
  /** When owners that were asked for were confirmed last, by principal id; missing for one who never was. */
  readonly confirmedAtSeconds?: ReadonlyMap<string, number>;
  /** Missing only when no registry was ever applied. */
  readonly deployment?: RevocationEpoch & { readonly registryVersion: number };
}

/** One transaction: everything is written or nothing. */
export interface Commit {
  readonly session?: Session;
  readonly offer?: Offer;
  /** Marks an offer redeemed, on condition that it is not yet redeemed, withdrawn or expired. */
  readonly redeem?: { readonly root: string; readonly handleHash: string; readonly sid: string; readonly jkt: string };
  /** Binds the session of a redeemed offer to another key of its agent, on condition that it is still bound to the former. */
  readonly takeOver?: TakeOver;
  /** An access token for a resource that asks about every request. */
  readonly handle?: AccessHandle;
  /** New counters of uses. */
  readonly counters?: readonly UseCounter[];
  /** A living session's new end, on condition that it still has the end that was read and was not ended. */
  readonly renew?: Renewal;
  /** Credentials of AWS that are about to be released: a row is begun, or its end is moved forward. */
  readonly vend?: Vend;
  /** The key of a person who has none yet. */
  readonly personKey?: PersonKey;
  /** The approval that is used by this: once, as long as those who gave it did, and nobody refused it. */
  readonly approval?: ApprovalUse;
  readonly replayEntries: readonly ReplayEntry[];
  readonly record: AuditRecord;
}

/** The one use of an approval. */
export interface ApprovalUse extends Pick<PendingApproval, "id" | "requestHash" | "expiresAtSeconds"> {
  /** The people whose approval counts, as many different ones as it needs. */
  readonly approvers: readonly string[];
}

/** A session that goes over from one key of its agent to another, and the offer that it came from. */
export interface TakeOver {
  readonly root: string;
  readonly sid: string;
  readonly handleHash: string;
  /** Thumbprint of the key it was bound to. */
  readonly wasJkt: string;
  readonly jkt: string;
}

/** How much a tree grows. */
export interface TreeGrowth {
  /** Sessions, and offers, each of which may become one. */
  readonly children: number;
  /** Bytes of sessions and offers, as JSON. */
  readonly bytes: number;
}

/** How many uses are left, in a row of its own. */
export interface UseCounter {
  /** A session's id, or a handle's hash. */
  readonly name: string;
  readonly left: number;
  /**
   * After the last possible end of what it counts. A counter that is deleted too early refuses every use; it never
   * starts again.
   */
  readonly expiresAtSeconds: number;
}

/** One use: one unit of every counter, the caller's proof and the record are written together, or nothing is. */
export interface Use {
  readonly counters: readonly string[];
  readonly replayEntries: readonly ReplayEntry[];
  /** What was reserved for the cost of the call. */
  readonly report?: CostReport;
  readonly record: AuditRecord;
}

/**
 * What a renewal changes in a session's row and in the rows of table Subjects by which the session is found. Those rows
 * carry its end, so they are written again in the same transaction (`subjectPuts` of the adapter); otherwise no walk
 * would find the session any more.
 */
export interface Renewal
  extends Pick<
    Session,
    "root" | "sid" | "actors" | "principal" | "build" | "login" | "expiresAtSeconds" | "status" | "formerStatus"
  > {
  /** The end it had before. */
  readonly wasSeconds: number;
}

/** Why a transaction was refused; contention and throttling are retried by the adapter and never reported here. */
export type CommitConflict =
  | { readonly kind: "replay"; readonly entry: ReplayEntry["kind"] }
  | { readonly kind: "offer_taken" }
  | { readonly kind: "taken_over_meanwhile" }
  | { readonly kind: "uses_spent" }
  | { readonly kind: "renewed_meanwhile" }
  | { readonly kind: "person_key_exists" }
  | { readonly kind: "approval_used"; readonly id: string }
  /** Somebody refused it meanwhile, or one of its approvals is not there. */
  | { readonly kind: "approval_withdrawn"; readonly id: string }
  | { readonly kind: "session_exists" };

/** Sessions, offers, replay entries and the outbox, behind one port. Throws only on broken infrastructure. */
export interface SessionStore {
  /** One strongly consistent batch over Sessions, Tombstones and Revocations. */
  readLiveness(query: LivenessQuery): Promise<LivenessRows>;
  /** Strongly consistent; undefined when there is no such offer. */
  readOffer(root: string, handleHash: string): Promise<Offer | undefined>;
  /** Strongly consistent; undefined when there is no such handle. */
  readHandle(root: string, handleHash: string): Promise<AccessHandle | undefined>;
  /** Strongly consistent; undefined when there is no such session. */
  readSession(root: string, sid: string): Promise<Session | undefined>;
  /** Finds a session by its id alone, strongly consistent: two round trips, whether there is one or not. */
  findSession(sid: string): Promise<Session | undefined>;
  /** One TransactWriteItems. */
  commit(write: Commit): Promise<Result<void, CommitConflict>>;
  /** Keeps that an owner has signed in, in one TransactWriteItems with its record. */
  confirm(confirmation: Confirmation, record: AuditRecord): Promise<void>;
  /** Takes one use, in one TransactWriteItems: of any number of concurrent calls, as many succeed as uses are left. */
  use(use: Use): Promise<Result<void, CommitConflict>>;
  /** Ends a session that was revoked between its write and its signature (sets `ended`). */
  end(root: string, sid: string): Promise<void>;
  /**
   * Counts how much a tree is about to grow, in its row of this quarter of an hour. This is outside of every
   * transaction, since concurrent children would contend for one row there. It may count a write that then fails, but
   * it never misses one (threat 34).
   * @returns false, and nothing counted, when the sum would exceed `most`
   */
  growTree(root: string, by: TreeGrowth, most: TreeGrowth): Promise<boolean>;
  /** The secret of a day, 256 bits as text. The first call creates it, and every instance gets the same one. */
  locatorSecret(day: number): Promise<string>;
  /**
   * Leases a place in a status list of the window in which `expiresAtSeconds` lies.
   * @returns undefined while that list is not signed: a token that named it would be refused by every offline verifier
   */
  leaseStatus(expiresAtSeconds: number, deploymentEpoch: number): Promise<Session["status"] | undefined>;
}

/** What a revocation (or its lifting) writes. */
export interface RevocationWrite {
  /** A tombstone on a session: it and all below it are over. */
  readonly tombstone?: { readonly root: string; readonly sid: string; readonly expiresAtSeconds: number };
  /** An offer that is withdrawn. */
  readonly withdraw?: { readonly root: string; readonly handleHash: string; readonly expiresAtSeconds: number };
  /** Logins to denylist with what is revoked; `session` is the root by which they can be cleared later. */
  readonly denylist?: { readonly logins: readonly LoginKeys[]; readonly session?: string; readonly atSeconds: number };
  /** Denylisted logins to clear. What was issued under them stays over. */
  readonly clear?: LoginKeys;
  /**
   * Raises a counter by one, and in the same write sets its block unless `block` is false (a cut without a block), and
   * its quarantine where `quarantine` is set. Whatever of the two it does not set stays as it is.
   */
  readonly raise?: {
    readonly subject: string;
    readonly block: boolean;
    readonly quarantine?: true;
    readonly atSeconds: number;
  };
  /**
   * Removes a block; the counter stays, and so does a quarantine. `reported` is, of a person, how often its provider
   * ended its sessions, as it was read: a report that came since stays in force.
   */
  readonly lift?: { readonly subject: string; readonly reported?: number };
  /**
   * Removes a quarantine; the counter stays, and so does a block. `automatic` is how often its agent was quarantined
   * automatically, as it was read: one that came since stays in force.
   */
  readonly release?: { readonly subject: string; readonly automatic: number };
  /** A person whose key is deleted. */
  readonly erase?: { readonly person: string };
  /** An owner who, by the operator's word, is still there. */
  readonly confirm?: Confirmation;
  readonly replayEntries: readonly ReplayEntry[];
  readonly record: AuditRecord;
}

/** A quarantine that no operator ordered. */
interface AutomaticQuarantine {
  /** SPIFFE ID. */
  readonly agent: string;
  readonly atSeconds: number;
  readonly record: AuditRecord;
}

/** Quarantines agents, and can do nothing else: neither lift, nor block, nor lower what an operator raised. */
export interface QuarantineWriter {
  /**
   * One transaction: the flag, the raised epoch and the record.
   * @returns "already" where the agent is quarantined, by whomever; then nothing is written
   */
  quarantine(write: AutomaticQuarantine): Promise<"quarantined" | "already">;
}

/** What a provider said of one of its people. */
export interface Report {
  /** Principal id. */
  readonly principal: string;
  /** The person is gone: nothing new, until an operator lifts that. Else what exists is over, and new sign-ins count. */
  readonly gone: boolean;
  readonly atSeconds: number;
}

/** Writes what identity providers say, and can do nothing else: neither lift, nor lower what an operator raised. */
export interface ReportWriter {
  /**
   * One transaction: what the report ends, the entry by which it counts once, and the record.
   * @returns "repeated" where the entry was there already; then nothing is written
   */
  write(write: {
    readonly report?: Report;
    readonly replayEntries: readonly ReplayEntry[];
    readonly record: AuditRecord;
  }): Promise<"written" | "repeated">;
}

/** The only port that revokes. */
export interface RevocationStore {
  /** Reads a session's row, strongly consistent. */
  readSession(root: string, sid: string): Promise<Session | undefined>;
  /** Finds a session by its id alone, strongly consistent. */
  findSession(sid: string): Promise<Session | undefined>;
  /** Strongly consistent; undefined when there is no such offer. */
  readOffer(root: string, handleHash: string): Promise<Offer | undefined>;
  /** The login that was denylisted with a session, strongly consistent, however long ago that was. */
  readDenylisted(sid: string): Promise<LoginKeys | undefined>;
  /** Logins by which a principal's sessions were opened, as far as their rows are still stored; strongly consistent. */
  loginsOf(principal: string): Promise<readonly Login[]>;
  /** One transaction; a tombstone and a counter are written unconditionally. */
  revoke(write: RevocationWrite): Promise<Result<void, CommitConflict>>;
}
