/** What host and instance say to each other over the process channel. */

/** One event for the instance. */
export interface Invocation {
  readonly event: unknown;
  readonly requestId: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMegabytes: number;
  /** When the function is cut off at the latest, in milliseconds since 1970. */
  readonly deadlineMillis: number;
}

/**
 * What the instance answers: `ready` once its module is loaded, then one `result` or `error` per event; with the
 * processor time that it has used so far, in milliseconds.
 */
export type Reply = { readonly cpuMillis: number } & (
  | { readonly kind: "ready" }
  | { readonly kind: "result"; readonly requestId: string; readonly payload: string | undefined }
  | { readonly kind: "error"; readonly requestId: string; readonly error: FunctionError }
);

/** A failed invocation, in Lambda's words. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}
