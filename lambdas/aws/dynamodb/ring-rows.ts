import type { Intent, Ring, RingKey, RotationOrder } from "../../../core/ring/model.ts";
import { anyText, type Decode, type Item, list, members, misread, oneOf, optional, row, text, whole } from "./codec.ts";

type RingRow = Ring & { readonly ring: string };

interface OrderRow {
  readonly ring: string;
  readonly id: string;
  readonly order: RotationOrder;
}

/** The row of a ring: all keys of one purpose. */
export const ringItem = (ring: Ring) => ({ ...ring, ring: ring.purpose }) satisfies RingRow;

/** The row of an operator's order. */
export const orderItem = (order: RotationOrder) => ({ ring: order.purpose, id: order.id, order }) satisfies OrderRow;

const purpose = oneOf("identity", "session", "status", "events", "seal");
const alg = oneOf("ES256", "RS256");

/**
 * Checks that a row belongs to the purpose that its key names. Otherwise keys of another purpose would sign for this
 * one.
 */
const ofItsKey =
  <T extends { readonly ring: string }>(decode: Decode<T>, purposeOf: (read: T) => string): Decode<T> =>
  (value, at) => {
    const read = decode(value, at);
    return purposeOf(read) === read.ring ? read : misread("purpose", "purpose that its key names");
  };

const ringRow = row(
  { table: "keyring", key: ["ring"] },
  ofItsKey(
    members<RingRow>({
      ring: text,
      purpose,
      version: whole,
      keys: list(
        members<RingKey>({
          kid: text,
          keyArn: text,
          alg,
          state: oneOf("created", "published", "active", "retired", "distrusted"),
          createdAtSeconds: whole,
          publishedAtSeconds: optional(whole),
          activatedAtSeconds: optional(whole),
          retiredAtSeconds: optional(whole),
          disabledAtSeconds: optional(whole),
        }),
      ),
      intents: list(members<Intent>({ id: text, alg, sinceSeconds: whole })),
      switching: list(alg),
      handledOrder: optional(text),
      refusedOrder: optional(text),
    }),
    ({ purpose }) => purpose,
  ),
);

/**
 * The ring in a row. A ring that cannot be read throws, so that it does not look like an empty one.
 * @throws {@link BrokenRow}
 */
export function ringOf(item: Item): Ring {
  const { ring: _, ...ring } = ringRow(item);
  return ring;
}

const orderRow = row(
  { table: "orders", key: ["ring"] },
  ofItsKey(
    members<OrderRow>({
      ring: text,
      id: text,
      order: members<RotationOrder>({
        id: text,
        purpose,
        kind: oneOf("rotate", "emergency"),
        kid: optional(text),
        reason: anyText,
        operator: members({ arn: text, uniqueId: text }),
        atSeconds: whole,
      }),
    }),
    ({ order }) => order.purpose,
  ),
);

/**
 * The order in a row.
 * @throws {@link BrokenRow}
 */
export const orderOf = (item: Item): RotationOrder => orderRow(item).order;
