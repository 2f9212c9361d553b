/** An attribute as DynamoDB streams carry it. Only what our rows hold at their top level is read. */
export interface AttributeValue {
  readonly S?: string;
  readonly N?: string;
  readonly BOOL?: boolean;
  /** Bytes, in base64. */
  readonly B?: string;
}

/** Texts, numbers and booleans of a stream's image; other attributes are left out. */
export function unmarshall(image: Readonly<Record<string, AttributeValue>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(image).flatMap(([name, { S, N, BOOL }]) => {
      const value = S ?? (N === undefined ? BOOL : Number(N));
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
