/** SQS queues as far as the stacks need them: messages wait, are taken and come back, and dead letters can be read. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a sender wrote beside the text. */
export type Attributes = Readonly<Record<string, { readonly DataType: string; readonly StringValue: string }>>;

/** A message on its way. */
export interface Message {
  readonly id: string;
  readonly text: string;
  readonly attributes: Attributes;
  /** How often it was taken, this time included. */
  readonly receives: number;
}

/** Where a queue puts what was taken too often. */
interface Redrive {
  readonly arn: string;
  readonly mostReceives: number;
}

/** A queue as the template says. */
export interface QueueDescription {
  readonly arn: string;
  readonly redrive?: Redrive;
}

/** The account's queues. */
export interface Queues {
  /** @returns the message's id */
  put(arn: string, text: string, attributes?: Attributes): string;
  /** Every message of a queue, oldest first, those that are being worked on included. */
  messages(arn: string): string[];
  /** Takes up to `most` messages that wait; each is done with or put back by its id. */
  take(arn: string, most: number): Message[];
  done(arn: string, id: string): void;
  /** Gives a message back after a while; it comes again from the next start at the latest. */
  back(arn: string, id: string, afterMillis: number): void;
  /** Calls back whenever a message begins to wait. */
  onWaiting(arn: string, call: () => void): () => void;
}

interface Held {
  readonly id: string;
  readonly text: string;
  readonly attributes: Attributes;
  receives: number;
  waits: boolean;
}

/**
 * Opens the queues.
 * @param queues that exist
 * @param directory folder of their files; absent = memory
 */
export function openQueues(queues: readonly QueueDescription[], directory: string | undefined): Queues {
  const held = new Map<string, Held[]>();
  const watchers = new Map<string, Set<() => void>>();
  const redrives = new Map(queues.flatMap(({ arn, redrive }) => (redrive ? [[arn, redrive] as const] : [])));
  const fileOf = (arn: string) =>
    directory === undefined ? undefined : join(directory, `${arn.slice(arn.lastIndexOf(":") + 1)}.ndjson`);
  for (const { arn } of queues) held.set(arn, read(fileOf(arn)).map(fresh));
  const find = (arn: string): Held[] => {
    const found = held.get(arn);
    if (found === undefined) throw new Error(`queue ${arn} does not exist`);
    return found;
  };
  const save = (arn: string) => write(fileOf(arn), find(arn));
  const tell = (arn: string) => {
    for (const call of watchers.get(arn) ?? []) call();
  };
  const put = (arn: string, text: string, attributes: Attributes = {}) => {
    const message = fresh({ text, attributes });
    find(arn).push(message);
    save(arn);
    tell(arn);
    return message.id;
  };
  const remove = (arn: string, id: string) => {
    const messages = find(arn);
    const at = messages.findIndex((message) => message.id === id);
    if (at >= 0) messages.splice(at, 1);
    save(arn);
  };
  return {
    put,
    messages: (arn) => find(arn).map(({ text }) => text),
    take(arn, most) {
      const redrive = redrives.get(arn);
      const taken: Message[] = [];
      for (const message of find(arn).filter(({ waits }) => waits)) {
        if (taken.length === most) break;
        if (redrive !== undefined && message.receives >= redrive.mostReceives) {
          remove(arn, message.id);
          put(redrive.arn, message.text, message.attributes);
          continue;
        }
        message.receives += 1;
        message.waits = false;
        const { id, text, attributes, receives } = message;
        taken.push({ id, text, attributes, receives });
      }
      return taken;
    },
    done: remove,
    back(arn, id, afterMillis) {
      setTimeout(() => {
        const message = find(arn).find((one) => one.id === id);
        if (message === undefined) return;
        message.waits = true;
        tell(arn);
      }, afterMillis).unref();
    },
    onWaiting(arn, call) {
      const calls = watchers.get(arn) ?? new Set();
      watchers.set(arn, calls.add(call));
      return () => void calls.delete(call);
    },
  };
}

type Kept = Pick<Held, "text" | "attributes">;

const fresh = (kept: Kept): Held => ({ ...kept, id: randomUUID(), receives: 0, waits: true });

function read(file: string | undefined): Kept[] {
  if (file === undefined || !existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Kept);
}

/** The whole file anew and moved into place: a queue is short, and half a file would be no queue. */
function write(file: string | undefined, messages: readonly Held[]): void {
  if (file === undefined) return;
  const lines = messages.map(({ text, attributes }) => `${JSON.stringify({ text, attributes })}\n`);
  writeFileSync(`${file}.new`, lines.join(""), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
