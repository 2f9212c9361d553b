import { auditColumns, type Column } from "../lake/columns.ts";

/** A class of OCSF whose records are kept apart, as Security Lake wants its sources. */
export interface ParquetClass {
  /** Its `detail-type` on the bus. */
  readonly className: string;
  /** Of its table, its stream and its folder. */
  readonly name: string;
  readonly columns: readonly Column[];
}

/** Members that are not every class's. */
const own = ["user", "session", "service", "is_remote", "privileges", "entity", "comment", "api"];
const withMembers = (...members: readonly string[]): readonly Column[] =>
  auditColumns.filter(({ name }) => !own.includes(name) || members.includes(name));

/** The classes that records are written as (`core/audit/classes.ts`); a test holds both together. */
export const parquetClasses: readonly ParquetClass[] = [
  {
    className: "Authentication",
    name: "authentication",
    columns: withMembers("user", "session", "service", "is_remote"),
  },
  { className: "Authorize Session", name: "authorize_session", columns: withMembers("user", "session", "privileges") },
  { className: "Entity Management", name: "entity_management", columns: withMembers("entity", "comment") },
  { className: "API Activity", name: "api_activity", columns: withMembers("api") },
];
