import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type AgentKind, readAgentKinds } from "../agents/kinds.ts";

/** How `npm start` was asked to run. */
export interface StartOptions {
  /** Exit after the story. */
  readonly once: boolean;
  /** One JSON object on standard output, everything else on standard error. */
  readonly json: boolean;
  /** Keep nothing on disk but `endpoints.json` and the audit folder. */
  readonly memory: boolean;
  /** What planner and researcher run on; the story is told once for each. */
  readonly agents: readonly AgentKind[];
  /** First of the fixed ports; undefined takes free ones. */
  readonly port?: number;
  /** Where state is kept. */
  readonly directory: string;
  readonly help: boolean;
}

/** What `--help` prints. */
export const usage = `Runs Lanyard's cloud on this machine, tells the story of one delegated task, and stays up.

  npm start                     run the story, then stay up until Ctrl-C
  npm start -- --once           exit after the story: 0 when every step behaved, 1 when one did not
  npm start -s -- --json        print one JSON object { ok, steps, auditRecords, endpoints } and nothing else
                                (-s keeps npm's own lines out of it)
  npm start -- --agents lambda,ecs,enclave,ec2
                                what the agents run on: the story is told once for each (default: lambda)
  npm start -- --memory         keep no state on disk
  npm start -- --port 8800      use fixed ports from 8800 on, instead of free ones
  npm start -- --directory DIR  keep state in DIR instead of .lanyard
  npm start -- --help           print this

State and .lanyard/endpoints.json (it holds local credentials) are readable by their owner only. Everything listens on
127.0.0.1. A development harness, never a product: deploy the product with cdk deploy.
`;

/**
 * Reads the command line.
 * @param args without `node` and the script
 * @throws with a message for people when an option is unknown or a value is not valid
 */
export function readOptions(args: readonly string[]): StartOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      once: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      memory: { type: "boolean", default: false },
      agents: { type: "string", default: "lambda" },
      port: { type: "string" },
      directory: { type: "string", default: ".lanyard" },
      help: { type: "boolean", default: false },
    },
  });
  const port = values.port === undefined ? undefined : portOf(values.port);
  const { once, json, memory, help } = values;
  const agents = readAgentKinds(values.agents);
  return {
    once,
    json,
    memory,
    help,
    agents,
    directory: resolve(values.directory),
    ...(port === undefined ? {} : { port }),
  };
}

function portOf(text: string): number {
  const port = Number(text);
  // a run of ports follows the first
  if (!/^\d+$/.test(text) || port < 1024 || port > 65_000) throw new Error("--port takes a number from 1024 to 65000");
  return port;
}
