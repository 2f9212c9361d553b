import type { Denial } from "../denial/denial.ts";
import type { Assurance } from "../model/assurance.ts";
import type { Check } from "../model/check.ts";
import type { PolicyQuestion, Verdict } from "../model/decision.ts";
import type { RegistryDifference } from "../model/registry-difference.ts";
import type { Grant } from "../model/session.ts";

/** What happened, one name a kind of decision. */
export type AuditOperation =
  | "attest"
  | "session.open"
  | "session.offer"
  | "session.redeem"
  | "session.hop"
  | "session.renew"
  | "session.end"
  | "token.access"
  | "token.use"
  | "introspect"
  | "revoke"
  | "event.undelivered"
  | "lift"
  | "registry.apply"
  | "agent.overdue"
  | "agent.dormant"
  | "deployment.seen"
  | "deployment.drift"
  | "admin.read"
  | "key.create"
  | "key.publish"
  | "key.activate"
  | "key.retire"
  | "key.distrust"
  | "key.delete"
  | "key.order"
  | "request";

/**
 * One decision, allowed or denied, before it is written as OCSF. Filled along the way, emitted once.
 * Never holds a token, key, handle or evidence.
 */
export interface AuditFacts {
  readonly operation: AuditOperation;
  readonly outcome: "allowed" | "denied";
  readonly timeMillis: number;
  readonly requestId: string;
  readonly sourceIp?: string;
  readonly userAgent?: string;
  /** The authenticated agent, or the one the request named when it failed to prove it. */
  readonly agent?: string;
  /** Agent whose genuine token another key showed: whoever showed it is `agent`, where that is known, and `jkt`. */
  readonly owner?: string;
  /** For admin functions: ARN and unique id of the operator. */
  readonly operator?: { readonly arn: string; readonly uniqueId: string };
  readonly principal?: string;
  readonly actors?: readonly string[];
  /** Names of a person's login, by this agent: those a session was issued under, or that were denylisted or cleared. */
  readonly logins?: readonly string[];
  readonly session?: { readonly sid: string; readonly root: string; readonly parent?: string; readonly depth: number };
  /** Of an event that was not delivered: the receiver by its registration, and the record that it would have told of. */
  readonly receiver?: string;
  readonly revocation?: string;
  /** Agent an offer is held out to. */
  readonly offeredTo?: string;
  readonly grants?: readonly Grant[];
  readonly requested?: { readonly resources: readonly string[]; readonly scopes: readonly string[] };
  readonly expiresAtSeconds?: number;
  readonly jti?: string;
  /** Of a token that was released; `Bearer`: whoever copies it can use it. */
  readonly tokenType?: "DPoP" | "Bearer" | "N_A";
  readonly jkt?: string;
  readonly assurance?: Assurance;
  readonly evidenceType?: string;
  /** Facts of the evidence worth keeping: role, function, account. */
  readonly evidence?: Readonly<Record<string, string>>;
  /** What the evidence's issuer calls the document: its `jti`. */
  readonly evidenceId?: string;
  /** Evidence that another key had shown first, which had been silent for as long as the registration says. */
  readonly keyReplaced?: true;
  readonly build?: string;
  /** Of a refused attestation: the checks of its evidence, or else of its code, in order, up to the one that failed. */
  readonly checks?: readonly Check[];
  readonly registryVersion?: number;
  /** Of a change of the registry: the version it was made from, and every value before and after. */
  readonly registryBase?: number;
  /** Of a rollback: the version it went back to. */
  readonly registryRestored?: number;
  readonly changes?: RegistryDifference;
  /** Ids of the policies that determined the decision. */
  readonly policies?: readonly string[];
  /** The questions put to policies, one a resource: a proposed set of policies can be asked them again. */
  readonly asked?: readonly PolicyQuestion[];
  /** What log-only policies and log-only agents would have been told. */
  readonly policyLogged?: readonly ({ readonly resource: string } & Verdict)[];
  readonly purpose?: string;
  readonly denial?: Denial;
  readonly target?: string;
  readonly reason?: string;
  /** For aggregated refusals: how many like this one. */
  readonly count?: number;
}

/** A record ready for the outbox: the OCSF event as JSON text and the SHA-256 it will be sealed by. */
export interface AuditRecord {
  /** 22 characters; of a denial written alone, `denied#` + 22 characters. */
  readonly eventId: string;
  readonly timeMillis: number;
  /** OCSF class name, the event's `detail-type` on the bus. */
  readonly detailType: string;
  /** The event, serialized once; relay and S3 carry these very bytes. */
  readonly body: string;
  /** base64url SHA-256 of `body`. */
  readonly hash: string;
}

/** The outbox alone, for records that no grant carries (denials, aggregated refusals). */
export interface Outbox {
  /** Writes one record; its id must start with `denied#`. */
  put(record: AuditRecord): Promise<void>;
}
