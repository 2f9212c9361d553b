import type { Denial } from "../denial/denial.ts";
import type { Assurance } from "../model/assurance.ts";
import type { Money } from "../model/budget.ts";
import type { Check } from "../model/check.ts";
import type { PolicyQuestion, Verdict } from "../model/decision.ts";
import type { PersonKey } from "../model/person-key.ts";
import type { RegistryDifference } from "../model/registry-difference.ts";
import type { Grant } from "../model/session.ts";

/** The kinds of decisions that are recorded. */
export type AuditOperation =
  | "attest"
  | "session.open"
  | "session.offer"
  | "session.redeem"
  | "session.hop"
  | "session.renew"
  | "session.end"
  | "approval.ask"
  | "token.access"
  | "token.use"
  | "budget.settle"
  | "credentials.vend"
  | "credentials.token"
  | "introspect"
  | "approval.approve"
  | "approval.refuse"
  | "approval.read"
  | "decide"
  | "decide.batch"
  | "decide.search"
  | "revoke"
  | "event.undelivered"
  | "stop.coarse"
  | "lift"
  | "registry.apply"
  | "agent.overdue"
  | "agent.dormant"
  | "deployment.seen"
  | "deployment.drift"
  | "admin.read"
  | "person.reveal"
  | "person.erase"
  | "owner.confirm"
  | "signal.note"
  | "key.create"
  | "key.publish"
  | "key.activate"
  | "key.retire"
  | "key.distrust"
  | "key.delete"
  | "key.order"
  | "request";

/**
 * One decision, allowed or denied, before it is written as OCSF. It is filled along the way and recorded once. It never
 * contains a token, key, handle or evidence.
 */
export interface AuditFacts {
  readonly operation: AuditOperation;
  readonly outcome: "allowed" | "denied";
  readonly timeMillis: number;
  readonly requestId: string;
  readonly sourceIp?: string;
  readonly userAgent?: string;
  /** The authenticated agent, or the one the request named when the caller failed to prove that it is that agent. */
  readonly agent?: string;
  /**
   * Agent whose genuine token another key showed. The agent that showed it is `agent`, where known, and its key is
   * `jkt`.
   */
  readonly owner?: string;
  /** For admin functions: ARN and unique id of the operator. */
  readonly operator?: { readonly arn: string; readonly uniqueId: string };
  /** The person who decided what waited for approval, and how that person was proved. */
  readonly approver?: { readonly person: string; readonly proof: "iam" | "token"; readonly client?: string };
  readonly principal?: string;
  /** Key under which free text and claims of that person are encrypted. It is never written. */
  readonly personKey?: PersonKey;
  readonly actors?: readonly string[];
  /**
   * Names of a person's login with this agent: those a session was issued under, or that were denylisted or cleared.
   */
  readonly logins?: readonly string[];
  readonly session?: {
    readonly sid: string;
    readonly root: string;
    readonly parent?: string;
    /** Ids between root and parent, nearest to the root first: with them every ancestor of a session is on record. */
    readonly anc?: readonly string[];
    readonly depth: number;
  };
  /**
   * Of a security event that was not delivered: the receiver's registered name, and the record of which the event would
   * have told.
   */
  readonly receiver?: string;
  readonly revocation?: string;
  /** Agent that an offer names. */
  readonly offeredTo?: string;
  readonly grants?: readonly Grant[];
  readonly requested?: { readonly resources: readonly string[]; readonly scopes: readonly string[] };
  readonly expiresAtSeconds?: number;
  readonly jti?: string;
  /** Type of the token that was released. With `Bearer`, anybody who copies the token can use it. */
  readonly tokenType?: "DPoP" | "Bearer" | "N_A";
  /** Credentials of AWS, released or about to be: what CloudTrail is joined by. Never the secret. */
  readonly aws?: AwsFacts;
  readonly jkt?: string;
  readonly assurance?: Assurance;
  readonly evidenceType?: string;
  /** Facts of the evidence worth keeping: role, function, account. */
  readonly evidence?: Readonly<Record<string, string>>;
  /** The name that the evidence's issuer gave the document: its `jti`. */
  readonly evidenceId?: string;
  /**
   * Set where another key had shown this evidence first, and had been silent for as long as the registration demands.
   */
  readonly keyReplaced?: true;
  readonly build?: string;
  /** Of a refused attestation: the checks of its evidence, or else of its code, in order, the failed one last. */
  readonly checks?: readonly Check[];
  readonly registryVersion?: number;
  /** Of a change of the registry: the version it was made from, and every value before and after. */
  readonly registryBase?: number;
  /** Digest of all registrations of the new version (`registryDigest`): by it a copy of one is proven from the log. */
  readonly registryDigest?: string;
  /** For a rollback: the version that was restored. */
  readonly registryRestored?: number;
  readonly changes?: RegistryDifference;
  /** Ids of the policies that determined the decision. */
  readonly policies?: readonly string[];
  /** The questions put to policies, one for each resource. They can be put again to a proposed set of policies. */
  readonly asked?: readonly PolicyQuestion[];
  /** The verdicts that log-only policies would have given, and the refusals that log-only agents were spared. */
  readonly policyLogged?: readonly ({ readonly resource: string } & Verdict)[];
  /** What waits for people, what was said of it, or what was used. */
  readonly approval?: ApprovalFacts;
  readonly purpose?: string;
  /** What a gateway asked about, one entry a question. Never the arguments of a call: they are the person's. */
  readonly decisions?: readonly DecisionFacts[];
  /** Rows of budgets that the call was taken from. */
  readonly budgets?: readonly string[];
  /** The most the call can cost, or what it did cost; and the id of the report that the two share. */
  readonly cost?: Money;
  readonly costReport?: string;
  readonly denial?: Denial;
  readonly target?: string;
  readonly reason?: string;
  /** For aggregated refusals: how many there were. */
  readonly count?: number;
  /** Of a revocation or its lifting: the agent was quarantined, or let out, and a block was left as it was. */
  readonly quarantine?: true;
  /** The agent is the revocation canary, and proved it. */
  readonly canary?: true;
  /** What an identity provider said of one of its people, or of its stream, and who it was by its proof. */
  readonly signal?: SignalFacts;
}

/** What is told of a signal. */
interface SignalFacts {
  /** `iss` of a security event, or the issuer whose SCIM client it was. */
  readonly issuer: string;
  /** `jti` of a security event. */
  readonly id?: string;
  /** Type of a security event, a URI; or what SCIM's client asked: `scim.create`, `scim.replace`, `scim.patch`, `scim.delete`. */
  readonly event?: string;
}

/** One question of a gateway, and what was decided. */
export interface DecisionFacts {
  /** The session that was asked about, as far as the question names one in the form of an id. */
  readonly sid?: string;
  /** Resource of the tool, as the question names it. */
  readonly resource?: string;
  /** Tool, or for a search nothing; as the question names it. */
  readonly tool?: string;
  /** Digest at which the tool's server declares it, by the word of the agent that asks. */
  readonly digest?: string;
  readonly decision: boolean;
  /** Why not. */
  readonly code?: Denial["code"];
}

/** What is told of an approval. */
export interface ApprovalFacts {
  readonly id: string;
  /** Hash of exactly what is approved. */
  readonly requestHash: string;
  readonly group: string;
  readonly needed: number;
  /** The resources at which policy asks for it. */
  readonly resources: readonly string[];
  /** The people whose approval was used, or who decides. */
  readonly approvers?: readonly string[];
}

/** What is told of credentials of AWS. */
interface AwsFacts {
  /** Name of the registered role, and its ARN. */
  readonly role: string;
  readonly roleArn: string;
  /** `AssumeRole` first, then each `GetScopedCredentials`: the request ids that CloudTrail has of them. */
  readonly requestIds?: readonly string[];
  /** Access key that was released. */
  readonly accessKeyId?: string;
  /** ARNs of the buckets, prefixes and tables that the scopes reach. */
  readonly places?: readonly string[];
  /**
   * Of a token for STS: the identity provider of the role's account, and the token's `jti`, as `<provider>#<jti>`.
   * CloudTrail has both on the line of whoever shows it.
   */
  readonly token?: string;
  /** SHA-256 (base64url) of the policies, one a line, in the order in which they were given to STS. */
  readonly policyDigest?: string;
}

/** A record ready for the outbox: the OCSF event as JSON text, and the SHA-256 that its seal will cover. */
export interface AuditRecord {
  /** 22 characters; of a record written alone, one of {@link alonePrefixes} + 22 characters. */
  readonly eventId: string;
  readonly timeMillis: number;
  /** OCSF class name, the event's `detail-type` on the bus. */
  readonly detailType: string;
  /** The event, serialized once; relay and S3 carry exactly these bytes. */
  readonly body: string;
  /** base64url SHA-256 of `body`. */
  readonly hash: string;
}

/** Versions of OCSF in which records can be written. */
export const ocsfVersions = ["1.9.0", "1.8.0"] as const;

/** How a deployment's records are written, and what each of them says of the deployment. */
export interface RecordForm {
  readonly ocsf: (typeof ocsfVersions)[number];
  readonly deployment: {
    /** Account and Region where the deployment is. */
    readonly account: string;
    readonly region: string;
    readonly stage: string;
    readonly trustDomain: string;
  };
}

/**
 * Writes one decision as a record.
 * @param facts the decision; texts in it are redacted and bounded
 * @param eventId `metadata.uid`, the outbox row's key and the key for de-duplication downstream
 */
export type Recorder = (facts: AuditFacts, eventId: string) => AuditRecord;

/** Beginnings of the ids of records that are written alone: of refusals, and of texts that were shown to operators. */
export const alonePrefixes = { refusal: "denied#", reveal: "reveal#" } as const;

/** Writes records that no grant carries (denials, aggregated refusals, reveals) to the outbox. */
export interface Outbox {
  /** Writes one record; its id must start with one of {@link alonePrefixes}. */
  put(record: AuditRecord): Promise<void>;
}
