/** CloudTrail: hears of every call that this cloud serves, and delivers records into a bucket, late and in batches. */
import { gzip, gzipSync } from "node:zlib";
import type { ServedCall } from "../front/call.ts";
import type { Objects } from "../s3/store/bucket.ts";
import { type ServiceSession, serviceSession } from "./by-service.ts";
import { filesOf, type Noted, noted, part, type TrailFile, type Unkindness } from "./delivery.ts";
import { recordsOf, type TrailPlace } from "./of-call.ts";

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
  let pending: Noted[] = [];
  let unkindness: Unkindness = {};
  const put = ({ key }: TrailFile, bytes: Buffer) =>
    void bucket.put({ key, bytes, headers: { "content-type": "application/json", "content-encoding": "gzip" } });
  const packing = new Set<TrailFile>();
  const take = (): readonly TrailFile[] => {
    const { now, later } = part(pending, unkindness);
    pending = [...later];
    return filesOf(now, nowMillis());
  };
  /** Beside the calls that are served: packing some seconds of them would hold up all others for dozens of milliseconds. */
  const deliver = () => {
    for (const file of take()) {
      packing.add(file);
      gzip(file.text, (_, bytes) => {
        // whoever could not wait has packed it already
        if (packing.delete(file)) put(file, bytes);
      });
    }
  };
  const flush = () => {
    const files = [...packing, ...take(), ...filesOf(pending.splice(0), nowMillis())];
    packing.clear();
    for (const file of files) put(file, gzipSync(file.text));
  };
  const timer = setInterval(deliver, everySeconds * 1000).unref();
  return {
    heard: (call) => void pending.push(...recordsOf(call, place).map(noted)),
    assumed: (service, session) =>
      void pending.push(noted(serviceSession(service, session, { region: place.region, atMillis: nowMillis() }))),
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
