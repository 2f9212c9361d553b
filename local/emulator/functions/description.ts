/** A function as the template describes it. */
export interface FunctionDescription {
  readonly name: string;
  readonly arn: string;
  /** Role that it runs as. */
  readonly roleArn: string;
  /** Folder of its code. */
  readonly folder: string;
  /** `index.handler`. */
  readonly handler: string;
  /** Processor time that one event may use. */
  readonly timeoutMillis: number;
  /** Wall time after which an event is given up that only waits; absent = what `longStopMillis` says. */
  readonly stopMillis?: number;
  /** Processor time that loading the module may use; absent = the ten seconds of AWS. */
  readonly initMillis?: number;
  readonly memoryMegabytes: number;
  /** Its whole environment: nothing of this process's reaches it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Sandboxes that may run at the same time. */
  readonly mostInstances: number;
  /** Folder where Node keeps what V8 made of the code, by the code's hash; absent = every start compiles. */
  readonly compiled?: string;
  /** What a sandbox is; a process unless said otherwise. */
  readonly sandbox?: SandboxKind;
}

/** A process contains whatever a function may do; threads share what is compiled (`sandbox-thread.ts`). */
export type SandboxKind = "process" | "thread";
