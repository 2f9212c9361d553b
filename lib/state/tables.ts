import { inTransaction, rows, rowsInTransaction } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import { GovernanceTables } from "./governance-tables.ts";
import type { RotatedPurpose } from "./keys.ts";

/** Kinds of counters: an agent's signatures, the growth of a tree of sessions, refusals of an agent in a row, what issuers say of their people. */
type Counted = "rate" | "tree" | "reveal" | "refusals" | "signal";

/**
 * The tables, with a method for every use that a function makes of them. Each sets right, key, variable and the table's
 * own policy together. No function has a right without a method here, and a method that nobody calls is removed.
 */
export class Tables extends GovernanceTables {
  /** Liveness in one batch: the session, the tombstones of it and of those above it, and the epochs it depends on. */
  grantLivenessRead(of: LanyardFunction): void {
    const why = "reads in one batch whether a session is alive";
    this.use(of, "sessions", { actions: ["BatchGetItem"], why });
    this.grantEndsRead(of);
  }

  /** Reads tombstones and epochs without the sessions. */
  grantEndsRead(of: LanyardFunction): void {
    this.use(of, "tombstones", { actions: ["BatchGetItem"], why: "reads what ends sessions and offers" });
    this.grantEpochsRead(of);
  }

  /** Revocation epochs and blocks of agents, people, builds and logins, and the registry's current version. */
  grantEpochsRead(of: LanyardFunction): void {
    const why = "reads revocation epochs, blocks and the registry's version";
    this.use(of, "revocations", { actions: ["BatchGetItem"], why });
  }

  /** The key of the person whose authority is read, in the batch of liveness. */
  grantPersonKeyBatch(of: LanyardFunction): void {
    const why = "reads the key under which the audit encrypts what it says of the person";
    this.use(of, "people", { actions: ["BatchGetItem"], why });
  }

  /** The key of a person who has none, in the transaction of that person's first session. */
  grantPersonKeyMake(of: LanyardFunction): void {
    const why = "makes a person's key for the audit, with the first record that needs it";
    this.use(of, "people", { actions: ["PutItem"], conditions: inTransaction, why });
  }

  /** One person's key, for an operator's reason or an operator's eyes. */
  grantPersonKeyRead(of: LanyardFunction, why: string): void {
    this.use(of, "people", { actions: ["GetItem"], why });
  }

  /** The key of a person of whom an operator is the first to say something; the order itself has no condition. */
  grantPersonKeyKeep(of: LanyardFunction): void {
    this.use(of, "people", { actions: ["PutItem"], why: "makes the key of a person of whom nothing was said yet" });
  }

  /** Erases a person, in the transaction that records it. */
  grantPersonKeyDelete(of: LanyardFunction): void {
    this.use(of, "people", { actions: ["DeleteItem"], conditions: inTransaction, why: "erases a person" });
  }

  /** Single sessions, offers and handles of a session tree. */
  grantSessionRead(of: LanyardFunction): void {
    this.use(of, "sessions", { actions: ["GetItem"], why: "reads a single session or handle" });
  }

  /** Where a session is, by its id alone. */
  grantSessionFind(of: LanyardFunction): void {
    const conditions = rows("session:");
    this.use(of, "subjects", { actions: ["Query"], conditions, why: "finds a session by its id" });
  }

  /** Sessions of a tree or by subject, page by page. */
  grantSessionWalk(of: LanyardFunction): void {
    this.use(of, "sessions", { actions: ["Query"], why: "walks a tree of sessions" });
    this.grantSubjectWalk(of);
  }

  /** Which sessions an agent, a person, a build or a login has. */
  grantSubjectWalk(of: LanyardFunction): void {
    this.use(of, "subjects", {
      actions: ["Query"],
      why: "finds the sessions of an agent, a person, a build or a login",
    });
  }

  /**
   * Stores new sessions and offers, and the rows that find them; and changes them: renewed, redeemed, ended, leased.
   */
  grantSessionWrite(of: LanyardFunction): void {
    const conditions = inTransaction;
    this.use(of, "sessions", { actions: ["PutItem"], conditions, why: "stores a session or an offer with its record" });
    this.use(of, "subjects", { actions: ["PutItem"], conditions, why: "stores what a session is found by" });
    this.use(of, "sessions", {
      actions: ["UpdateItem"],
      why: "renews, redeems and ends; leases places in status lists",
    });
  }

  /** What a session was given at AWS: a row begun or moved forward, in the transaction that records it. */
  grantVendWrite(of: LanyardFunction): void {
    const why = "stores what a session was given at AWS with its record";
    this.use(of, "vends", { actions: ["UpdateItem"], conditions: inTransaction, why });
  }

  /** What the sessions of a tree were given at AWS. */
  grantVendRead(of: LanyardFunction): void {
    this.use(of, "vends", { actions: ["Query"], why: "reads what sessions were given at AWS" });
  }

  /** Checks that an offer was not withdrawn, in the transaction that redeems it. */
  grantWithdrawalCheck(of: LanyardFunction): void {
    this.use(of, "tombstones", { actions: ["ConditionCheckItem"], why: "redeems no offer that was taken back" });
  }

  /** Checks that an offer is not redeemed, in the transaction that withdraws it. It cannot change a session. */
  grantRedemptionCheck(of: LanyardFunction): void {
    this.use(of, "sessions", { actions: ["ConditionCheckItem"], why: "takes back no offer that was redeemed" });
  }

  /** Ends sessions and offers for good. */
  grantTombstoneWrite(of: LanyardFunction): void {
    this.use(of, "tombstones", { actions: ["PutItem"], conditions: inTransaction, why: "ends sessions and offers" });
  }

  /**
   * Cuts, blocks and lifts. The publisher's rows are in another table, so that no function with this right can forge a
   * status list.
   */
  grantRevocationWrite(of: LanyardFunction): void {
    const conditions = inTransaction;
    this.use(of, "revocations", { actions: ["UpdateItem", "PutItem"], conditions, why: "cuts, blocks and lifts" });
  }

  /** Reads whether the target of an order exists, and which login was denylisted with a session. */
  grantRevocationTargets(of: LanyardFunction): void {
    const why = "asks whether there is what an order names, and what was revoked with it";
    this.use(of, "tombstones", { actions: ["GetItem"], why });
    const conditions = rows("burnt#", "standing#", "deployment#");
    this.use(of, "revocations", { actions: ["GetItem"], conditions, why });
  }

  /** Any single row of Revocations. */
  grantRevocationRead(of: LanyardFunction): void {
    this.use(of, "revocations", { actions: ["GetItem"], why: "shows what is cut and blocked" });
  }

  /** The deployment's row: the registry's current version, and its epoch. */
  grantDeploymentRead(of: LanyardFunction): void {
    const conditions = rows("deployment#");
    this.use(of, "revocations", { actions: ["GetItem"], conditions, why: "reads the deployment's row" });
  }

  /** Replay entries of proofs, challenges and assertions, written in the transaction of what they were shown for. */
  grantReplayWrite(of: LanyardFunction): void {
    const why = "makes a proof, a challenge or an assertion count once";
    this.use(of, "markers", { actions: ["PutItem"], conditions: inTransaction, why });
  }

  /** Whether a proof was used before; the transaction that stores it decides all the same. */
  grantReplayRead(of: LanyardFunction): void {
    this.use(of, "markers", { actions: ["BatchGetItem"], why: "refuses a used proof before it asks STS" });
  }

  /**
   * Counts outside transactions, where concurrent children would contend for one row. It may count too much, never too
   * little.
   */
  grantCount(of: LanyardFunction, ...counted: readonly Counted[]): void {
    const conditions = rows(...counted.map((prefix) => `${prefix}#`));
    const why = `counts ${counted.map((one) => whatIsCounted[one]).join(" and ")}`;
    this.use(of, "counters", { actions: ["UpdateItem"], conditions, why });
  }

  /** The secret that encrypts names in offers' handles; the first instance that needs one writes it. */
  grantLocatorSecret(of: LanyardFunction): void {
    const why = "agrees on the day's secret that hides what stands beside an offer";
    this.use(of, "counters", { actions: ["UpdateItem"], conditions: rows("locator#"), why });
  }

  /** Counters of uses, stored together with the token whose uses they bound. */
  grantUsesPut(of: LanyardFunction): void {
    const conditions = rowsInTransaction("uses#");
    this.use(of, "counters", { actions: ["PutItem"], conditions, why: "sets how often a token may be used" });
  }

  /** One use, the proof it was asked with and its record, together or not at all. */
  grantUsesTake(of: LanyardFunction): void {
    const conditions = rowsInTransaction("uses#");
    this.use(of, "counters", { actions: ["UpdateItem"], conditions, why: "takes one use of a token" });
  }

  /** How many uses are left. */
  grantUsesRead(of: LanyardFunction): void {
    const conditions = rows("uses#");
    this.use(of, "counters", { actions: ["BatchGetItem"], conditions, why: "shows how many uses are left" });
  }

  /** Registrations of one version; the deployment's row says which version is current. */
  grantRegistryRead(of: LanyardFunction): void {
    this.use(of, "registry", { actions: ["Query"], why: "reads the registrations of the version that counts" });
  }

  /** The public rows of the registry. */
  grantPublishedRead(of: LanyardFunction): void {
    const why = "serves the details types and card keys that the registry publishes";
    this.use(of, "registry", { actions: ["GetItem"], conditions: rows("published"), why });
  }

  /**
   * Rows of new versions, and the number that makes a version current. The deployment's row is changed within the
   * transaction that records it; tombstones cannot be written.
   */
  grantRegistryWrite(of: LanyardFunction): void {
    this.grantRegistryRead(of);
    this.use(of, "registry", { actions: ["PutItem", "BatchWriteItem"], why: "writes a new version of the registry" });
    this.grantDeploymentRead(of);
    const conditions = rowsInTransaction("deployment#");
    this.use(of, "revocations", { actions: ["UpdateItem"], conditions, why: "makes a version of the registry count" });
  }

  /** Signed status lists. */
  grantListRead(of: LanyardFunction): void {
    this.use(of, "lists", { actions: ["GetItem"], conditions: rows("list#"), why: "reads signed status lists" });
  }

  /** Status lists, and the walks that are not finished. */
  grantListWrite(of: LanyardFunction): void {
    this.use(of, "lists", {
      actions: ["GetItem", "PutItem", "UpdateItem"],
      why: "flips, signs and stores status lists",
    });
  }

  /** Whose AWS credentials are stopped: one row, which the publisher writes. */
  grantStopsRead(of: LanyardFunction): void {
    const conditions = rows("publish#stops");
    this.use(of, "lists", { actions: ["GetItem"], conditions, why: "reads whose AWS credentials are stopped" });
  }

  /** Reads the rings of some purposes. */
  grantRingRead(of: LanyardFunction, ...purposes: readonly RotatedPurpose[]): void {
    const why = `reads which keys count for ${purposes.join(", ")}`;
    this.use(of, "keyring", { actions: ["GetItem"], conditions: rows(...purposes), why });
  }

  /** Reads rings and orders, and writes rings; only the rotator gets this. */
  grantRotation(of: LanyardFunction, ...purposes: readonly RotatedPurpose[]): void {
    const why = "looks at the rings and at operators' orders";
    this.use(of, "keyring", { actions: ["BatchGetItem"], conditions: rows(...purposes), why });
    this.use(of, "orders", { actions: ["BatchGetItem"], why });
    const conditions = rowsInTransaction(...purposes);
    this.use(of, "keyring", { actions: ["PutItem"], conditions, why: "says which keys count" });
  }

  /** Writes orders to rotate, and reads the rings; it cannot write a ring. */
  grantOrders(of: LanyardFunction): void {
    const why = "shows how the keys stand";
    this.use(of, "keyring", { actions: ["BatchGetItem"], why });
    this.use(of, "orders", { actions: ["BatchGetItem"], why });
    this.use(of, "orders", { actions: ["PutItem"], conditions: inTransaction, why: "takes an order to rotate" });
  }

  /**
   * Rows that the watch on lifecycles remembers. They have their own table, since a condition on rows of table Registry
   * might not hold within a transaction.
   */
  grantTraces(of: LanyardFunction): void {
    const why = "remembers which agents it told of";
    this.use(of, "traces", { actions: ["Query", "DeleteItem"], conditions: rows("trace"), why });
    this.use(of, "traces", { actions: ["PutItem"], conditions: rowsInTransaction("trace"), why });
    const conditions = rows("looked");
    this.use(of, "traces", { actions: ["GetItem", "PutItem"], conditions, why: "remembers when it looked last" });
  }

  /** Rows that the watch on functions remembers: what was deployed. */
  grantBaselines(of: LanyardFunction): void {
    const why = "remembers what was deployed";
    this.use(of, "traces", { actions: ["Query"], conditions: rows("deployed"), why });
    this.use(of, "traces", { actions: ["PutItem"], conditions: rowsInTransaction("deployed"), why });
  }
}

const whatIsCounted: Readonly<Record<Counted, string>> = {
  rate: "an agent's requests",
  tree: "what a tree of sessions grows by",
  reveal: "persons' keys that an operator gets",
  refusals: "refusals in a row of what an agent asks people for",
  signal: "what an issuer says of its people",
};
