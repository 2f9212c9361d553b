import type { fc } from "@fast-check/vitest";
import type { Item } from "../../../../lambdas/aws/dynamodb/codec.ts";

/** One kind of rows: what it holds, how that is written, and which of its columns may be missing. */
export interface Kind<T = unknown> {
  readonly name: string;
  readonly table: string;
  readonly key: string;
  readonly values: fc.Arbitrary<T>;
  readonly encode: (value: T) => Item;
  readonly decode: (item: Item) => T;
  readonly optional: readonly string[];
}

/** A kind, whatever it holds. */
export const kind = <T>(one: Kind<T>): Kind => one as unknown as Kind;
