/** What host and instance say to each other over the process channel. */

/** One event for the instance. */
export interface Invocation {
  readonly event: unknown;
  readonly requestId: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMegabytes: number;
  /** When the function is cut off, in milliseconds since 1970. */
  readonly deadlineMillis: number;
}

/** What the instance answers: `ready` once its module is loaded, then one `result` or `error` per event. */
export type Reply =
  | { readonly kind: "ready" }
  | { readonly kind: "result"; readonly requestId: string; readonly payload: string | undefined }
  | { readonly kind: "error"; readonly requestId: string; readonly error: FunctionError };

/** A failed invocation, in Lambda's words. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}
