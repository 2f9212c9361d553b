/** An attribute in a DynamoDB stream; only the types that our rows use at their top level. */
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
