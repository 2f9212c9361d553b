import { parseArgs } from "node:util";
import { type Mix, operations } from "./callers/arrivals.ts";

/** How a run was asked for. */
export interface LoadOptions {
  /** Arrivals a second, on average. */
  readonly rate: number;
  readonly seconds: number;
  readonly mix: Mix;
  /** Part of the calls to DynamoDB and KMS that is throttled in the middle of the run, from 0 to 0.9. */
  readonly throttle: number;
  readonly seed: number;
  /** Most arrivals under way at one time. */
  readonly inFlight: number;
  /** Sandboxes a function may have. */
  readonly instances: number;
  readonly json: boolean;
  readonly help: boolean;
  /** File the picture is written to. */
  readonly svg?: string;
  /** Writes table and picture into docs. */
  readonly write: boolean;
}

export const usage = `Usage: npm run load [-- options]

Sends open-loop load to the bundles that deploy, on the embedded cloud in a process of its own: attest, open, access,
introspect, revoke. Arrivals are a Poisson process laid out before the run; each is sent at its time, whatever became of
those before it, and latency counts from that time. In the middle third DynamoDB and KMS throttle: whoever is answered 503
asks again after Retry-After. Afterwards every row and record is held against every answer.

  --rate N         arrivals a second (default 10; at most 500)
  --seconds N      length of the run (default 45; at most 240, the life of an identity token)
  --mix LIST       how often each operation (default attest=1,open=4,access=6,introspect=8,revoke=1)
  --throttle PART  part of the calls to DynamoDB and KMS that is throttled, 0 to 0.9 (default 0.5; 0 throttles none)
  --seed N         of arrivals, choices and throttling (default 1)
  --in-flight N    most callers under way at one time; who comes beyond is turned away and counted (default 200)
  --instances N    sandboxes a function may have (default 4)
  --short          the form of CI: 8 a second for 9 seconds
  --svg FILE       writes a picture of the run
  --write          writes table and picture into docs/performance.md and docs/load.svg
  --json           the report as JSON on standard output; progress is on standard error
  --help           print this

Exit codes: 0 everything promised was kept, 1 something was not (it is named), 2 not called right. No latency makes it fail.
`;

const options = {
  rate: { type: "string" },
  seconds: { type: "string" },
  mix: { type: "string", default: "attest=1,open=4,access=6,introspect=8,revoke=1" },
  throttle: { type: "string", default: "0.5" },
  seed: { type: "string", default: "1" },
  "in-flight": { type: "string", default: "200" },
  instances: { type: "string", default: "4" },
  short: { type: "boolean", default: false },
  svg: { type: "string" },
  write: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/**
 * Reads the command line.
 * @param args without `node` and the script
 * @throws with a message for people on what is unknown or out of bounds
 */
export function readOptions(args: readonly string[]): LoadOptions {
  const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
  const [rate, seconds] = values.short ? ["8", "9"] : ["10", "45"];
  const { json, help, write, svg } = values;
  return {
    rate: numberOf("rate", values.rate ?? rate, { least: 0.1, most: 500 }),
    seconds: numberOf("seconds", values.seconds ?? seconds, { least: 3, most: 240 }),
    mix: mixOf(values.mix),
    throttle: numberOf("throttle", values.throttle, { least: 0, most: 0.9 }),
    seed: numberOf("seed", values.seed, { least: 0, most: 2 ** 32 - 1, whole: true }),
    inFlight: numberOf("in-flight", values["in-flight"], { least: 1, most: 2_000, whole: true }),
    instances: numberOf("instances", values.instances, { least: 1, most: 16, whole: true }),
    json,
    help,
    write,
    ...(svg === undefined ? {} : { svg }),
  };
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly whole?: true;
}

function numberOf(name: string, text: string, { least, most, whole }: Bounds): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= least && value <= most) || (whole && !Number.isInteger(value)))
    throw new Error(`--${name} takes ${whole ? "a whole number" : "a number"} from ${least} to ${most}`);
  return value;
}

function mixOf(text: string): Mix {
  const named = new Map(text.split(",").map((part) => part.split("=", 2) as [string, string | undefined]));
  const unknown = [...named.keys()].find((name) => !operations.some((operation) => operation === name));
  if (unknown !== undefined) throw new Error(`--mix knows ${operations.join(", ")}, and no ${JSON.stringify(unknown)}`);
  const mix = Object.fromEntries(
    operations.map((name) => [name, named.has(name) ? numberOf("mix", named.get(name) ?? "", partBounds) : 0]),
  ) as Record<keyof Mix, number>;
  if (Object.values(mix).every((part) => part === 0)) throw new Error("--mix names nothing to do");
  if (mix.revoke > mix.open) throw new Error("--mix must open at least as many sessions as it revokes");
  return mix;
}

const partBounds: Bounds = { least: 0, most: 1_000 };
