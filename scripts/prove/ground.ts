/** What the probes stand on: a deployment by its outputs, and clients under the operator's own credentials. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { KMSClient } from "@aws-sdk/client-kms";
import { SQSClient } from "@aws-sdk/client-sqs";
import { STSClient } from "@aws-sdk/client-sts";

/** How a probe ended, in words for whoever deploys. */
export interface Verdict {
  readonly is: "ok" | "differs" | "could not be tried";
  readonly says: string;
}

export const ok = (says: string): Verdict => ({ is: "ok", says });
export const differs = (says: string): Verdict => ({ is: "differs", says });
export const untried = (says: string): Verdict => ({ is: "could not be tried", says });

/** The deployment under probe. */
export interface ProveGround {
  /** Outputs of all stacks, by name. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly clients: {
    readonly dynamo: DynamoDBClient;
    readonly kms: KMSClient;
    readonly events: EventBridgeClient;
    readonly sqs: SQSClient;
    readonly sts: STSClient;
  };
  readonly fetch: typeof fetch;
  readonly nowMillis: () => number;
  /** Takes something back when the probe is over, however it ends. */
  later(takeBack: () => Promise<void>): void;
}

/** One question that only the account can answer. */
export interface Probe {
  readonly name: string;
  readonly asks: string;
  run(ground: ProveGround): Promise<Verdict>;
}

/** An output that the probe needs. @throws Missing */
export function output({ outputs }: ProveGround, name: string): string {
  const value = outputs[name];
  if (value === undefined) throw new Missing(`the outputs hold no ${name}`);
  return value;
}

/** The probe lacks something; it says nothing of AWS. */
export class Missing extends Error {}

/** Clients by the usual credential chain; `AWS_ENDPOINT_URL` leads them to another cloud. */
export function clientsOf(region: string, more: object = {}): ProveGround["clients"] {
  const common = { region, maxAttempts: 3, ...more };
  return {
    dynamo: new DynamoDBClient(common),
    kms: new KMSClient(common),
    events: new EventBridgeClient(common),
    sqs: new SQSClient(common),
    // throttling is what is measured there
    sts: new STSClient({ ...common, maxAttempts: 1 }),
  };
}

const denials = ["AccessDenied", "AccessDeniedException", "AccessDeniedFault"];
const nameOf = (failure: unknown): string => (failure instanceof Error ? failure.name : String(failure));

/**
 * Makes a call that must be refused.
 * @returns undefined when it was refused by access rights; `accepted` when the service took it or got past its rights
 * @throws anything else: it tells nothing of the rights
 */
export async function refused(
  call: () => Promise<unknown>,
  pastRights: readonly string[] = [],
): Promise<"accepted" | undefined> {
  try {
    await call();
    return "accepted";
  } catch (failure) {
    if (denials.includes(nameOf(failure))) return undefined;
    if (pastRights.includes(nameOf(failure))) return "accepted";
    throw failure;
  }
}
