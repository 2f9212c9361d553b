/** What the run and the process of the cloud say to each other. */
import type { Endpoints } from "../../../local/demo/endpoints.ts";

/** An order to the cloud; each is answered by its number. */
export type Order =
  /** From now on so large a part of the calls is throttled. */
  | { readonly do: "throttle"; readonly share: number; readonly seed: number }
  /** And no longer, once so many calls were: on a machine with no time to spare few come. Answered with how many were by now. */
  | { readonly do: "stop throttling"; readonly after: number }
  /** Everything that is on its way into the bucket, delivered. */
  | { readonly do: "flush" }
  /** What the cloud takes of memory now. */
  | { readonly do: "memory" };

/** Bytes of memory that are resident. */
export interface Memory {
  /** Of the process with the emulated services. */
  readonly services: number;
  /** Of all sandboxes together; undefined where the system does not say. */
  readonly functions: number | undefined;
  /** How many sandboxes there are. */
  readonly sandboxes: number;
}

/** What the process of the cloud says first. */
export interface Raised {
  readonly endpoints: Endpoints;
  readonly tables: { readonly sessions: string; readonly outbox: string; readonly markers: string };
}

/** What it says afterwards. */
export type Said =
  | { readonly kind: "progress"; readonly text: string }
  | ({ readonly kind: "raised" } & Raised)
  | { readonly kind: "failed"; readonly why: string }
  | ({ readonly kind: "done"; readonly order: number } & Done);

/** What an order came to. */
export interface Done {
  readonly memory?: Memory;
  /** Calls that were throttled, of all orders so far. */
  readonly throttledCalls?: number;
}
