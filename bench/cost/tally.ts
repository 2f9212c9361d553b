import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SigningAlgorithm } from "../../core/model/ports.ts";
import type { Result } from "../../core/model/result.ts";
import { unpackBody } from "../../lambdas/aws/dynamodb/record-body.ts";

/** What AWS was asked for, as it charges it. */
export class Tally {
  /** Service and operation, in order. */
  readonly calls: string[] = [];
  readonly signatures: Record<SigningAlgorithm, number> = { ES256: 0, RS256: 0 };
  writeUnits = 0;
  readUnits = 0;
  /** Audit records on their way out, whole. */
  readonly records: string[] = [];
  /** Round trips one after the other: calls that run side by side are one. */
  roundTrips = 0;

  clear(): void {
    this.calls.length = 0;
    this.records.length = 0;
    Object.assign(this.signatures, { ES256: 0, RS256: 0 });
    Object.assign(this, { writeUnits: 0, readUnits: 0, roundTrips: 0 });
  }

  #delivered(body: Result<string, string>): void {
    if (!body.ok) throw new Error(`a record that was written cannot be read: ${body.error}`);
    this.records.push(body.value);
  }

  /** Counts a command by DynamoDB's rules: a kilobyte written is a unit, twice in a transaction; 4 kB read is one. */
  count(name: string, input: Record<string, unknown>): void {
    const operation = name.replace(/Command$/, "");
    this.calls.push(`dynamodb:${operation}`);
    if (operation === "TransactWriteItems" || operation === "TransactWrite")
      for (const action of input.TransactItems as Record<string, { Item?: Record<string, unknown> }>[]) {
        const item = Object.values(action)[0]?.Item;
        this.writeUnits += 2 * units(bytesOf(item ?? {}), 1024);
        if (item?.body instanceof Uint8Array) this.#delivered(unpackBody(item.body));
      }
    else if (operation === "BatchGetItem" || operation === "BatchGet")
      for (const { Keys } of Object.values(input.RequestItems as Record<string, { Keys: unknown[] }>))
        this.readUnits += Keys.length;
    // a query's rows are small here, 4 kB together at most
    else if (["GetItem", "Get", "Query"].includes(operation)) this.readUnits += 1;
    else this.writeUnits += 1;
  }
}

/** Size of an item or a value as DynamoDB counts it: names and text in UTF-8, numbers at most 21 bytes, 3 a list or map. */
export function bytesOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number") return Math.min(21, Math.ceil(String(value).length / 2) + 1);
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== "object" || value === null) return 1;
  const nested = Array.isArray(value)
    ? value.map((one) => 1 + bytesOf(one))
    : Object.entries(value).map(([name, one]) => 1 + Buffer.byteLength(name) + bytesOf(one));
  return 3 + nested.reduce((sum, bytes) => sum + bytes, 0);
}

const units = (bytes: number, perUnit: number) => Math.max(1, Math.ceil(bytes / perUnit));

/** So long nothing new is asked for before all that waits is one round trip. */
const quietMillis = 40;

/**
 * Lets calls through in waves: all that were asked for by the time nothing more comes are sent at once, and what is
 * asked for only when they are answered belongs to the next wave. So many waves, so many round trips in sequence.
 */
export class Waves {
  readonly #tally: Tally;
  #waiting: (() => void)[] = [];
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** One call, in its wave. */
  async through<T>(call: () => Promise<T>): Promise<T> {
    await new Promise<void>((go) => {
      this.#waiting.push(go);
      this.#wait();
    });
    try {
      return await call();
    } finally {
      this.#inFlight -= 1;
      this.#wait();
    }
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#release(), quietMillis);
  }

  #release(): void {
    if (this.#inFlight > 0 || this.#waiting.length === 0) return;
    this.#tally.roundTrips += 1;
    const wave = this.#waiting.splice(0);
    this.#inFlight = wave.length;
    for (const go of wave) go();
  }
}

/** Has every command of a client counted, and sent in its wave. */
export function counting(client: DynamoDBClient, tally: Tally, waves: Waves): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      tally.count(String(context.commandName), args.input as Record<string, unknown>);
      return waves.through(() => next(args));
    },
    { step: "initialize" },
  );
}
