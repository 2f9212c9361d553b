/** CloudTrail: hears of every call that this cloud serves, and delivers records into a bucket, late and in batches. */
import type { ServedCall } from "../front/call.ts";
import type { Objects } from "../s3/store/bucket.ts";
import { type ServiceSession, serviceSession } from "./by-service.ts";
import { filesOf, part, type Unkindness } from "./delivery.ts";
import { recordsOf, type TrailPlace } from "./of-call.ts";
import type { TrailRecord } from "./record.ts";

/** A running trail. */
export interface Trail {
  /** Takes note of a call. */
  heard(call: ServedCall): void;
  /** Takes note of credentials that a service got for what it runs. */
  assumed(service: string, session: ServiceSession): void;
  /** Makes deliveries unkind from now on; `{}` makes them kind again. */
  unkind(how: Unkindness): void;
  /** Delivers everything that was heard, also what an unkind delivery held back. */
  flush(): void;
  close(): void;
}

/** What a trail stands on. */
interface TrailGround extends TrailPlace {
  readonly bucket: Pick<Objects, "put">;
  readonly everySeconds: number;
  readonly nowMillis?: () => number;
}

/** Opens a trail; its timer keeps no process alive. */
export function openTrail({ bucket, everySeconds, nowMillis = Date.now, ...place }: TrailGround): Trail {
  let pending: TrailRecord[] = [];
  let unkindness: Unkindness = {};
  const write = (records: readonly TrailRecord[]) => {
    for (const { key, bytes } of filesOf(records, nowMillis()))
      bucket.put({ key, bytes, headers: { "content-type": "application/json", "content-encoding": "gzip" } });
  };
  const deliver = () => {
    const { now, later } = part(pending, unkindness);
    pending = [...later];
    write(now);
  };
  const flush = () => {
    deliver();
    write(pending.splice(0));
  };
  const timer = setInterval(deliver, everySeconds * 1000).unref();
  return {
    heard: (call) => void pending.push(...recordsOf(call, place)),
    assumed: (service, session) =>
      void pending.push(serviceSession(service, session, { region: place.region, atMillis: nowMillis() })),
    unkind(how) {
      unkindness = how;
    },
    flush,
    close() {
      clearInterval(timer);
      flush();
    },
  };
}
