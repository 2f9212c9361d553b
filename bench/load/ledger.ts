import type { Operation } from "./callers/arrivals.ts";

/** Which function was asked. */
export type Asked = "challenge" | "attest" | "token" | "introspect" | "revoke";

/** One answer over the wire. */
export interface Heard {
  readonly operation: Operation;
  readonly asked: Asked;
  /** Key of the row that the request's proof leaves behind once it is consumed. */
  readonly proofKey: string;
  readonly status: number;
  /** The OAuth error; undefined of what is granted. */
  readonly error: string | undefined;
  /** `Retry-After` in seconds; undefined where there is none. */
  readonly retryAfterSeconds: number | undefined;
  readonly requestId: string;
}

/**
 * How an arrival ended. `granted` and `refused` speak for themselves; `unavailable`: still told to come back later when it
 * stopped asking; `unanswered`: no answer came over the wire; `shed`: it never got to ask.
 */
export type End = "granted" | "refused" | "unavailable" | "unanswered" | "shed";

/** One arrival, from when it was due. */
export interface Served {
  readonly operation: Operation;
  /** Since the run began. */
  readonly scheduledMillis: number;
  /** From when it was due to its first answer, whatever that was; undefined where none came. */
  readonly firstMillis?: number;
  /** From when it was due to its last answer. */
  readonly lastMillis?: number;
  /** Times that it asked. */
  readonly tries: number;
  readonly end: End;
  /** Whether it was due while DynamoDB and KMS throttled. */
  readonly throttled: boolean;
}

/** What was heard and what became of everybody; and what was promised and not kept. */
export interface Ledger {
  readonly heard: readonly Heard[];
  readonly served: readonly Served[];
  readonly broken: readonly string[];
  /** Notes an answer, and what is wrong with it by itself. */
  hear(answer: Heard): void;
  serve(served: Served): void;
  /** Notes a promise that was not kept. */
  breach(what: string): void;
}

/** Opens an empty ledger. */
export function openLedger(): Ledger {
  const heard: Heard[] = [];
  const served: Served[] = [];
  const broken: string[] = [];
  const breach = (what: string) => void broken.push(what);
  return {
    heard,
    served,
    broken,
    breach,
    serve: (one) => void served.push(one),
    hear(answer) {
      heard.push(answer);
      const { asked, status, retryAfterSeconds, requestId } = answer;
      if (status === 503 && retryAfterSeconds === undefined)
        breach(`${asked} answered 503 without Retry-After (request ${requestId})`);
      if (status >= 500 && status !== 503) breach(`${asked} answered ${status} (request ${requestId})`);
    },
  };
}
