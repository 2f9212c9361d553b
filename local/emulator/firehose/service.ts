/**
 * Firehose (`Firehose_20150804`): PutRecord and PutRecordBatch into buffers that become gzipped objects of a
 * bucket. A buffer stands in a spool file as well, since an acknowledged record must survive a crash.
 */
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { contextOf, type Json, ok, type Service, ServiceError, textMember, unknownOperation } from "../service.ts";
import { type Conversion, toParquet } from "./convert.ts";

/** A delivery stream of the template. */
export interface DeliveryStream {
  readonly name: string;
  readonly arn: string;
  readonly bucketArn: string;
  /** Role that Firehose takes on to write there. */
  readonly roleArn: string;
  /** Prefix expression, such as `audit/dt=!{timestamp:yyyy-MM-dd}/`. */
  readonly prefix: string;
  readonly bufferSeconds: number;
  readonly bufferBytes: number;
  readonly gzip: boolean;
  /** Put after each record; empty = nothing, as Firehose does on its own. */
  readonly delimiter: string;
  readonly fileExtension?: string;
  /** What records are converted to, if they are. */
  readonly conversion?: Conversion;
}

/** The embedded Firehose. */
export interface Firehose extends Service {
  /** Takes a record on behalf of a rule's target. */
  put(streamArn: string, record: Buffer): void;
  /** Writes every buffer out now; what is converted is there when the promise is kept. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** An object on its way to a stream's bucket. */
export interface Delivered {
  readonly key: string;
  readonly bytes: Buffer;
}

/** What Firehose stands on. */
interface FirehoseGround {
  /** Puts an object into the bucket of a stream. */
  readonly deliver: (stream: DeliveryStream, object: Delivered) => void;
  /** Folder of the spool files; absent = memory only. */
  readonly spoolDirectory?: string | undefined;
  readonly nowMillis?: () => number;
}

interface Buffering {
  readonly stream: DeliveryStream;
  records: Buffer[];
  bytes: number;
  timer: NodeJS.Timeout | undefined;
}

const longestRecordBytes = 1_000 * 1024;
const mostRecords = 500;
/** Firehose without buffering still takes its time; this much keeps a burst in one object. */
const shortestBufferMillis = 200;

/**
 * Opens the delivery streams.
 * @param streams those of the template; their prefixes are checked now
 */
export function openFirehose(
  streams: readonly DeliveryStream[],
  { deliver, spoolDirectory, nowMillis = Date.now }: FirehoseGround,
): Firehose {
  const spoolOf = (name: string) => (spoolDirectory === undefined ? undefined : join(spoolDirectory, `${name}.spool`));
  if (spoolDirectory !== undefined) mkdirSync(spoolDirectory, { recursive: true, mode: 0o700 });
  const buffers = new Map<string, Buffering>();
  const write = (buffer: Buffering) => {
    clearTimeout(buffer.timer);
    buffer.timer = undefined;
    if (buffer.records.length === 0) return;
    const { stream, records } = buffer;
    if (stream.conversion === undefined) deliver(stream, objectOf(stream, records, nowMillis()));
    else convert({ ...stream, conversion: stream.conversion }, records);
    buffer.records = [];
    buffer.bytes = 0;
    const spool = spoolOf(stream.name);
    if (spool !== undefined) rmSync(spool, { force: true });
  };
  const converting = new Set<Promise<void>>();
  const convert = (stream: DeliveryStream & { readonly conversion: Conversion }, records: readonly Buffer[]) => {
    const done = toParquet(stream.conversion, records)
      .then((bytes) => deliver(stream, { key: keyOf(stream, nowMillis(), ".parquet"), bytes }))
      .catch((error: unknown) => console.error(`delivery stream ${stream.name}: records could not be converted`, error))
      .finally(() => converting.delete(done));
    converting.add(done);
  };
  const writeAll = async () => {
    for (const buffer of buffers.values()) write(buffer);
    await Promise.all(converting);
  };
  const take = (buffer: Buffering, record: Buffer) => {
    buffer.records.push(record);
    buffer.bytes += record.length;
    buffer.timer ??= setTimeout(
      () => write(buffer),
      Math.max(shortestBufferMillis, buffer.stream.bufferSeconds * 1000),
    ).unref();
    if (buffer.bytes >= buffer.stream.bufferBytes) write(buffer);
  };
  const accept = (buffer: Buffering, record: Buffer) => {
    if (record.length > longestRecordBytes)
      throw new ServiceError("InvalidArgumentException", "a record holds at most 1000 KiB");
    const spool = spoolOf(buffer.stream.name);
    if (spool !== undefined) appendFileSync(spool, `${record.toString("base64")}\n`, { mode: 0o600 });
    take(buffer, record);
  };
  for (const stream of streams) {
    objectPrefix(stream.prefix, 0);
    const buffer: Buffering = { stream, records: [], bytes: 0, timer: undefined };
    buffers.set(stream.name, buffer);
    const spool = spoolOf(stream.name);
    if (spool === undefined || !existsSync(spool)) continue;
    const lines = readFileSync(spool, "utf8").split("\n").slice(0, -1);
    for (const line of lines) take(buffer, Buffer.from(line, "base64"));
  }
  const find = (name: string): Buffering => {
    const found = buffers.get(name);
    if (found === undefined) throw new ServiceError("ResourceNotFoundException", `Firehose ${name} not found.`);
    return found;
  };
  return {
    target: "Firehose_20150804",
    access(operation, input) {
      const { stream } = find(textMember(input, "DeliveryStreamName"));
      return [{ action: `firehose:${operation}`, resource: stream.arn, context: contextOf({}) }];
    },
    call(operation, input) {
      const buffer = find(textMember(input, "DeliveryStreamName"));
      if (operation === "PutRecord") {
        accept(buffer, dataOf(input.Record));
        return ok({ RecordId: randomUUID(), Encrypted: false });
      }
      if (operation !== "PutRecordBatch") throw unknownOperation("Firehose", operation);
      const records = batchOf(input);
      for (const record of records) accept(buffer, record);
      return ok({
        FailedPutCount: 0,
        Encrypted: false,
        RequestResponses: records.map(() => ({ RecordId: randomUUID() })),
      });
    },
    put: (streamArn, record) => accept(find(streamArn.slice(streamArn.lastIndexOf("/") + 1)), record),
    flush: writeAll,
    close: writeAll,
  };
}

const dataOf = (record: unknown): Buffer => Buffer.from(textMember((record ?? {}) as Json, "Data"), "base64");

function batchOf(input: Json): Buffer[] {
  const records = Array.isArray(input.Records) ? input.Records.map(dataOf) : [];
  if (records.length === 0 || records.length > mostRecords) {
    throw new ServiceError("InvalidArgumentException", "a batch holds 1 to 500 records");
  }
  return records;
}

function objectOf(stream: DeliveryStream, records: readonly Buffer[], atMillis: number): Delivered {
  const key = keyOf(stream, atMillis, stream.gzip ? ".gz" : "");
  const delimiter = Buffer.from(stream.delimiter);
  const body = Buffer.concat(records.flatMap((record) => [record, delimiter]));
  return { key, bytes: stream.gzip ? gzipSync(body) : body };
}

/** An object's name; `extension` is that of its form, unless the stream says another. */
function keyOf(stream: DeliveryStream, atMillis: number, extension: string): string {
  const stamp = new Date(atMillis).toISOString().slice(0, 19).replace(/[T:]/g, "-");
  const prefix = objectPrefix(stream.prefix, atMillis);
  return `${prefix}${stream.name}-1-${stamp}-${randomUUID()}${stream.fileExtension ?? extension}`;
}

/**
 * Evaluates an S3 prefix expression with the arrival time in UTC, as Firehose does.
 * @param prefix text with `!{timestamp:...}` expressions in Java's notation; with none, Firehose adds `yyyy/MM/dd/HH/`
 * @param atMillis arrival, in milliseconds since 1970
 * @returns the key's prefix; throws on another namespace or an unknown letter
 */
export function objectPrefix(prefix: string, atMillis: number): string {
  const [year = "", month = "", day = "", hour = "", minute = "", second = ""] = new Date(atMillis)
    .toISOString()
    .split(/[-T:.]/);
  const fields: Record<string, string> = { yyyy: year, MM: month, dd: day, HH: hour, mm: minute, ss: second };
  const expression = prefix.includes("!{") ? prefix : `${prefix}!{timestamp:yyyy/MM/dd/HH/}`;
  return expression.replace(/!\{([^}]*)\}/g, (whole, inside: string) => {
    if (!inside.startsWith("timestamp:"))
      throw new Error(`prefix expression ${whole} is not known to the embedded Firehose`);
    return inside
      .slice("timestamp:".length)
      .replace(/'([^']*)'|(([A-Za-z])\3*)/g, (_match, quoted?: string, letters?: string) => {
        if (quoted !== undefined) return quoted;
        const value = fields[letters ?? ""];
        if (value === undefined)
          throw new Error(`timestamp letters "${letters}" are not known to the embedded Firehose`);
        return value;
      });
  });
}
