import { err, type Result } from "../core/model/result.ts";

/** What CloudFormation sends to a custom resource; the members that are read here. */
export interface ResourceEvent {
  readonly RequestType: "Create" | "Update" | "Delete";
  /** Presigned address of the answer. */
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  /** All values are texts, since CloudFormation sends no others. */
  readonly ResourceProperties?: Readonly<Record<string, unknown>>;
}

/** What a custom resource does. */
export interface CustomResource {
  /** Constant, so that no update looks like a replacement, after which CloudFormation would send a Delete. */
  readonly physicalId: string;
  /** The text before the reason when it fails. */
  readonly failure: string;
  /**
   * Carries out a Create or an Update; a rollback is an Update too. Either may come twice.
   * @returns attributes of the resource, or why not
   */
  carryOut(event: ResourceEvent): Promise<Result<Readonly<Record<string, string>>, string>>;
}

/** CloudFormation accepts an answer of 4,096 bytes. */
const reasonBytes = 3_000;

/**
 * Answers one event of a custom resource. Delete always succeeds and touches nothing: what our resources manage belongs
 * to the account or outlives the stack.
 * @param send the network
 */
export async function answerResource(
  event: ResourceEvent,
  resource: CustomResource,
  send: typeof fetch,
): Promise<void> {
  const outcome = await outcomeOf(event, resource);
  const response = await send(event.ResponseURL, {
    method: "PUT",
    // the presigned address was signed without a content type
    headers: { "content-type": "" },
    body: JSON.stringify({
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      PhysicalResourceId: resource.physicalId,
      ...outcome,
    }),
    signal: AbortSignal.timeout(10_000),
  });
  // thrown, so that Lambda tries again: a stack without an answer waits until its timeout
  if (!response.ok) throw new Error(`cloudformation took no answer: ${response.status}`);
}

async function outcomeOf(event: ResourceEvent, { carryOut, failure }: CustomResource): Promise<object> {
  if (event.RequestType === "Delete") return { Status: "SUCCESS" };
  const done = await carryOut(event).catch((cause: unknown) => err(cause instanceof Error ? cause.message : "unknown"));
  return done.ok
    ? { Status: "SUCCESS", Data: done.value }
    : { Status: "FAILED", Reason: cut(`${failure}: ${done.error}`) };
}

/** Cuts a text to a number of bytes as they are sent, so after JSON escapes. */
function cut(text: string): string {
  let kept = text;
  while (Buffer.byteLength(JSON.stringify(kept)) > reasonBytes) kept = kept.slice(0, Math.floor(kept.length * 0.9));
  return kept;
}
