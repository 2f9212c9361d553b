/** The parts of dynalite 4 that the embedded DynamoDB stands on. Deep imports are not its public API: keep the version pinned. */

declare module "dynalite/db/index.js" {
  export type Callback<T> = (error?: Error | null, value?: T) => void;
  export type Item = Record<string, Record<string, unknown>>;
  export interface KeyElement {
    AttributeName: string;
    KeyType: string;
  }
  export interface Index {
    IndexName: string;
    IndexStatus?: string;
    KeySchema: KeyElement[];
    Projection: { ProjectionType?: string; NonKeyAttributes?: string[] };
  }
  export interface Table {
    TableName: string;
    TableArn: string;
    TableStatus: string;
    AttributeDefinitions: { AttributeName: string; AttributeType: string }[];
    KeySchema: KeyElement[];
    GlobalSecondaryIndexes?: Index[];
    LocalSecondaryIndexes?: Index[];
    [more: string]: unknown;
  }
  export type BatchOperation = { type: "put"; key: string; value: unknown } | { type: "del"; key: string };
  export interface Snapshot {
    close(): Promise<void>;
  }
  export interface KeyRange {
    gt?: string;
    gte?: string;
    lt?: string;
    lte?: string;
    limit?: number;
    reverse?: boolean;
  }
  export interface Level {
    open(): Promise<void>;
    close(): Promise<void>;
    get(key: string): Promise<unknown>;
    put(key: string, value: unknown): Promise<void>;
    batch(operations: BatchOperation[]): Promise<void>;
    clear(range: KeyRange): Promise<void>;
    iterator(range: KeyRange): AsyncIterable<[string, unknown]>;
    snapshot(): Snapshot;
  }
  export interface StreamRange extends KeyRange {
    snapshot?: Snapshot;
  }
  export type Release = <T extends (...values: never[]) => void>(callback: T) => T;
  export interface SubDb {
    get(key: string, callback: Callback<Item>): void;
    put(key: string, value: unknown, callback: Callback<void>): void;
    del(key: string, callback: Callback<void>): void;
    lock(key: string, run: (release: Release) => void): void;
    createValueStream?(range: StreamRange): unknown;
  }
  export interface ActionStore {
    options: { maxItemSize: number; createTableMs: number };
    tableDb?: SubDb & { awsAccountId: string; awsRegion: string };
    getTable(name: string, checkStatus: boolean | Callback<Table>, callback?: Callback<Table>): void;
    getItemDb(name: string): SubDb;
    getIndexDb(indexType: string, tableName: string, indexName: string): SubDb;
  }
  export interface Store extends ActionStore {
    db: Level;
    tableDb: SubDb & { awsAccountId: string; awsRegion: string };
  }
  /** A request after dynalite's validation: expressions parsed into the underscored members. */
  export interface Parsed {
    TableName: string;
    Item?: Item;
    Key?: Item;
    IndexName?: string;
    ExclusiveStartKey?: Item;
    RequestItems?: Record<string, unknown>;
    _condition?: { expression: unknown };
    _filter?: { expression: unknown };
    [more: string]: unknown;
  }
  export type Action = (store: ActionStore, data: Parsed, callback: Callback<Record<string, unknown>>) => void;
  interface IndexActions {
    puts: { index: string; key: string; item: Item }[];
    deletes: { index: string; key: string }[];
  }
  const db: {
    create(options: { path?: string; createTableMs?: number }): Store;
    createKey(item: Item, table: Table): string;
    createIndexKey(item: Item, table: Table, keySchema: KeyElement[]): string;
    getIndexActions(indexes: Index[], before: Item | undefined, after: Item | undefined, table: Table): IndexActions;
    validateKey(key: Item, table: Table): Error | null | undefined;
    validateItem(item: Item, table: Table): Error | null | undefined;
    checkConditional(data: Parsed, item: Item | undefined): Error | null | undefined;
    mapPath(path: (string | number)[], item: Item): Record<string, unknown> | null | undefined;
  };
  export default db;
}

declare module "dynalite/db/conditionParser.js" {
  type Value = Readonly<Record<string, unknown>>;
  /** What an expression is parsed with; names and values that it uses are deleted from the unused ones. */
  export interface ParserContext {
    readonly attrNames?: Readonly<Record<string, string>> | undefined;
    readonly attrVals?: Readonly<Record<string, Value>> | undefined;
    readonly unusedAttrNames?: Record<string, unknown>;
    readonly unusedAttrVals?: Record<string, unknown>;
    readonly isReserved?: (name: string) => boolean;
    readonly compare?: (operator: string, one: Value, other: Value) => boolean;
  }
  export interface Parser {
    /** @returns the parsed expression, or text: why it is refused. Throws on a syntax error. */
    parse: (text: string, options: { readonly context: ParserContext }) => unknown;
  }
  const parser: Parser;
  export default parser;
}

declare module "dynalite/db/projectionParser.js" {
  export { default } from "dynalite/db/conditionParser.js";
}

declare module "dynalite/db/updateParser.js" {
  export { default } from "dynalite/db/conditionParser.js";
}

declare module "dynalite/validations/index.js" {
  import type { Parsed, Store } from "dynalite/db/index.js";

  const validations: {
    checkTypes(data: unknown, types: unknown): Parsed;
    checkValidations(data: Parsed, types: unknown, custom: unknown, store: Store): void;
  };
  export default validations;
}

declare module "dynalite/validations/*" {
  const validation: { types: Record<string, unknown>; custom?: unknown };
  export default validation;
}

declare module "dynalite/actions/*" {
  import type { Action } from "dynalite/db/index.js";

  const action: Action;
  export default action;
}
