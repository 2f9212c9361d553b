import { inTransaction, rows } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import { TableSet } from "./table-set.ts";

/** The tables of the audit trail, Outbox and Leaves: who records, who carries, who seals, and who finds what is missing. */
export class TrailTables extends TableSet {
  /** Audit records: within the transaction of what they record, or, for a refusal, alone. */
  grantRecords(of: LanyardFunction): void {
    this.grantRecordsOfChanges(of);
    this.grantRefusals(of);
  }

  /** Records of what was done, in the same transaction. */
  grantRecordsOfChanges(of: LanyardFunction): void {
    const why = "records what it does, together with it or not at all";
    this.use(of, "outbox", { actions: ["PutItem"], conditions: inTransaction, why });
  }

  /** Records of refusals, which are written alone; no record of a grant can have their ids. */
  grantRefusals(of: LanyardFunction): void {
    this.use(of, "outbox", { actions: ["PutItem"], conditions: rows("denied#"), why: "records refusals" });
  }

  /** Records of what was shown to operators, which are written alone; no record of a grant can have their ids. */
  grantRevealRecords(of: LanyardFunction): void {
    const conditions = rows("reveal#");
    this.use(of, "outbox", { actions: ["PutItem"], conditions, why: "records to whom it gave a person's key" });
  }

  /** Notes which records went to the bus. Of the log's own rows it may write none, whatever else it is allowed. */
  grantLeafNotes(of: LanyardFunction): void {
    this.use(of, "leaves", { actions: ["PutItem"], why: "notes which records went to the bus" });
    this.use(of, "outbox", {
      actions: ["BatchGetItem"],
      why: "reads again what an operator orders to be carried again",
    });
    this.denyLogRows(of, "PutItem", "the log's own rows are not the relay's: no event has such an id");
  }

  /** Where one record stands in the log and in the bucket. */
  grantLeafPlaces(of: LanyardFunction): void {
    this.use(of, "leaves", { actions: ["GetItem"], why: "tells operators where a record stands" });
    this.denyLogRows(of, "GetItem", "the log's own rows are no record's: an operator asks by the id of an event");
  }

  /** Notes in which object a record stands, after comparing it with its hash. */
  grantLeafObjects(of: LanyardFunction): void {
    const why = "compares lines with the records they say they are, and notes where each stands";
    this.use(of, "leaves", { actions: ["BatchGetItem", "PutItem", "UpdateItem"], why });
    this.use(of, "outbox", { actions: ["BatchGetItem"], why });
    this.grantFindingsTold(of);
  }

  /** Gives records their places in the log, and moves the log's head. */
  grantSealing(of: LanyardFunction): void {
    this.look(of, "unsealed", "finds what has no place in the log");
    const why = "gives records their places, by the hashes that the Outbox has";
    this.use(of, "leaves", { actions: ["BatchGetItem", "UpdateItem"], why });
    this.use(of, "outbox", { actions: ["BatchGetItem"], why });
    const conditions = rows("~head");
    this.use(of, "leaves", { actions: ["GetItem", "PutItem"], conditions, why: "moves the log's head, step by step" });
    const reconciled = rows("~reconciled");
    this.use(of, "leaves", { actions: ["GetItem"], conditions: reconciled, why: "looks whether the reconciler lives" });
    this.grantFindingsTold(of);
  }

  /** Finds what is missing in the trail; it may change none of it. */
  grantReconciling(of: LanyardFunction): void {
    const why = "finds what is missing in the trail";
    this.look(of, "unsealed", why);
    this.look(of, "unseen", why);
    this.use(of, "leaves", { actions: ["BatchGetItem"], why });
    this.use(of, "outbox", { actions: ["Scan", "BatchGetItem"], why });
    this.use(of, "leaves", { actions: ["GetItem"], conditions: rows("~head"), why: "looks how the log stands" });
    const conditions = rows("~reconciled");
    this.use(of, "leaves", { actions: ["GetItem", "PutItem"], conditions, why: "remembers where its walk ended" });
    this.grantFindingsTold(of);
  }

  private grantFindingsTold(of: LanyardFunction): void {
    const conditions = rows("~told#");
    this.use(of, "leaves", { actions: ["GetItem", "PutItem"], conditions, why: "tells of a finding once" });
  }

  private denyLogRows(of: LanyardFunction, action: "PutItem" | "GetItem", why: string): void {
    of.grant({
      actions: [`dynamodb:${action}`],
      on: [{ name: "Leaves", arn: this.table.leaves.tableArn }],
      conditions: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": ["~*"] } },
      denied: true,
      why,
    });
  }
}
