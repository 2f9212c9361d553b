/** EventBridge (`AWSEvents`): PutEvents, rules by pattern, delivery to targets with retries and a dead-letter queue. */
import { randomUUID } from "node:crypto";
import { contextOf, type Json, ok, type Service, ServiceError, unknownOperation } from "../service.ts";
import { matchesPattern } from "./pattern.ts";

/** A rule of the template. */
export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly bus: string;
  /** Absent for a rule on a schedule. */
  readonly pattern?: unknown;
  /** Milliseconds between two runs of a scheduled rule. */
  readonly everyMillis?: number;
  readonly targets: readonly Target[];
}

/** Where a rule sends what it matched. */
export interface Target {
  readonly arn: string;
  /** Role that EventBridge takes on to deliver; absent where the target's own policy lets it in. */
  readonly roleArn?: string;
  readonly inputPath?: string;
  readonly input?: string;
  readonly deadLetterArn?: string;
  readonly mostRetries: number;
}

/** Hands text to whatever an ARN names: a delivery stream, a function, a queue. Rejects when it cannot be taken. */
export type Deliver = (arn: string, text: string) => Promise<void>;

/** The embedded EventBridge. */
export interface Events extends Service {
  /** An event of one of the account's own services, on the default bus. */
  emit(event: OwnEvent): void;
  /**
   * Runs every scheduled rule once, now; resolves when its targets have answered.
   * @param mostMillis only those that run at least this often
   */
  fireSchedules(mostMillis?: number): Promise<void>;
  /** Resolves when every event under way is delivered or given up; runs on a schedule are none. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** What a service of AWS tells of itself. */
export interface OwnEvent {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Json;
}

/** Account, Region and the names of the buses that exist. */
interface EventsPlace {
  readonly account: string;
  readonly region: string;
  readonly buses: readonly string[];
}

const mostEntries = 10;
const mostBytes = 1_048_576;
const firstRetryMillis = 100;
const longestRetryMillis = 5_000;

/** Opens the buses and starts the schedules. */
export function openEvents(rules: readonly Rule[], place: EventsPlace, deliver: Deliver): Events {
  const underWay = new Set<Promise<void>>();
  // what the clock began may take minutes, and carries no event that anybody put
  const begun = new Set<Promise<void>>();
  const closing = new AbortController();
  const send = (rule: Rule, event: Json, among = underWay): Promise<void>[] =>
    rule.targets.map((target) => {
      const tried = deliverWithRetries({ deliver, closing: closing.signal }, target, inputOf(target, event));
      const work = tried.finally(() => among.delete(work));
      among.add(work);
      return work;
    });
  const envelope = (fields: Json): Json => envelopeOf(place, fields);
  const fire = (rule: Rule) =>
    Promise.all(
      send(
        rule,
        envelope({ "detail-type": "Scheduled Event", source: "aws.events", resources: [rule.arn], detail: {} }),
        begun,
      ),
    );
  const scheduled = rules.filter(({ everyMillis }) => everyMillis !== undefined);
  const timers = scheduled.map((rule) => setInterval(() => void fire(rule), rule.everyMillis).unref());

  const publish = (bus: string, event: Json) => {
    for (const rule of rules) {
      if (rule.bus === bus && rule.pattern !== undefined && matchesPattern(rule.pattern, event)) send(rule, event);
    }
  };
  const putOne = (entry: Json): Json => {
    const refused = refusalOf(entry, place.buses);
    if (refused !== undefined) return refused;
    const event = envelope({
      "detail-type": entry.DetailType,
      source: entry.Source,
      resources: entry.Resources ?? [],
      detail: parseObject(String(entry.Detail)),
    });
    publish(busName(entry), event);
    return { EventId: event.id };
  };

  return {
    target: "AWSEvents",
    access: (operation, input) =>
      entriesOf(input).map((entry) => ({
        action: `events:${operation}`,
        resource: `arn:aws:events:${place.region}:${place.account}:event-bus/${busName(entry)}`,
        context: contextOf({
          "events:source": entry.Source as string,
          "events:detail-type": entry.DetailType as string,
        }),
      })),
    call(operation, input) {
      if (operation !== "PutEvents") throw unknownOperation("EventBridge", operation);
      const results = checkedEntries(input).map(putOne);
      return ok({
        FailedEntryCount: results.filter(({ ErrorCode }) => ErrorCode !== undefined).length,
        Entries: results,
      });
    },
    emit: ({ detailType, ...event }) => publish("default", envelope({ "detail-type": detailType, ...event })),
    async fireSchedules(mostMillis = Number.POSITIVE_INFINITY) {
      await Promise.all(scheduled.filter(({ everyMillis = 0 }) => everyMillis <= mostMillis).map(fire));
    },
    settled: async () => void (await Promise.all(underWay)),
    async close() {
      for (const timer of timers) clearInterval(timer);
      closing.abort();
      await Promise.all([...underWay, ...begun]);
    },
  };
}

const envelopeOf = ({ account, region }: EventsPlace, fields: Json): Json => ({
  version: "0",
  id: randomUUID(),
  account,
  region,
  time: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
  resources: [],
  ...fields,
});

/** Why PutEvents does not take an entry, as it answers; undefined when it does. */
function refusalOf(entry: Json, buses: readonly string[]): Json | undefined {
  const missing = ["Source", "DetailType", "Detail"].find(
    (name) => typeof entry[name] !== "string" || entry[name] === "",
  );
  if (missing !== undefined) {
    return {
      ErrorCode: "InvalidArgument",
      ErrorMessage: `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`,
    };
  }
  if (parseObject(String(entry.Detail)) === undefined)
    return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
  const bus = busName(entry);
  if (buses.includes(bus)) return undefined;
  return { ErrorCode: "NotFoundException", ErrorMessage: `event bus ${bus} does not exist` };
}

/** Entries of PutEvents within its limits; throws as AWS does on others. */
function checkedEntries(input: Json): Json[] {
  const entries = entriesOf(input);
  if (entries.length === 0 || entries.length > mostEntries) {
    throw new ServiceError("ValidationException", "Entries must have 1 to 10 members");
  }
  if (Buffer.byteLength(JSON.stringify(entries)) > mostBytes) {
    throw new ServiceError("ValidationException", "Total size of the entries in the request is over the limit.");
  }
  return entries;
}

/** Retries with growing pauses; what is given up goes to the dead-letter queue, as EventBridge does. */
async function deliverWithRetries(
  { deliver, closing }: { readonly deliver: Deliver; readonly closing: AbortSignal },
  target: Target,
  text: string,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await deliver(target.arn, text);
    } catch {
      if (attempt >= target.mostRetries || closing.aborted) break;
      await pause(Math.min(longestRetryMillis, firstRetryMillis * 2 ** attempt), closing);
    }
  }
  if (target.deadLetterArn !== undefined) await deliver(target.deadLetterArn, text).catch(() => undefined);
}

function pause(millis: number, closing: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis).unref();
    const stop = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
    closing.addEventListener("abort", stop, { once: true });
  });
}

function inputOf(target: Target, event: Json): string {
  if (target.input !== undefined) return target.input;
  const path = (target.inputPath ?? "$").split(".").slice(1);
  const found = path.reduce<unknown>((value, name) => (value as Json | undefined)?.[name], event);
  return JSON.stringify(found ?? null);
}

function busName(entry: Json): string {
  const given = typeof entry.EventBusName === "string" ? entry.EventBusName : "default";
  return given.slice(given.lastIndexOf("/") + 1);
}

function entriesOf(input: Json): Json[] {
  return Array.isArray(input.Entries) ? (input.Entries as Json[]) : [];
}

function parseObject(text: string): Json | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? (parsed as Json) : undefined;
  } catch {
    return undefined;
  }
}
