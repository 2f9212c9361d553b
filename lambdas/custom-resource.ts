import { err, type Result } from "../core/model/result.ts";

/** What CloudFormation sends to a custom resource, as far as it is read here. */
export interface ResourceEvent {
  readonly RequestType: "Create" | "Update" | "Delete";
  /** Presigned address of the answer. */
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  /** Texts all of them: CloudFormation sends no other values. */
  readonly ResourceProperties?: Readonly<Record<string, unknown>>;
}

/** What a custom resource does. */
export interface CustomResource {
  /** Constant, so that no update ever looks like a replacement, which would end in a Delete. */
  readonly physicalId: string;
  /** What did not come about when it fails, before the reason. */
  readonly failure: string;
  /**
   * Carries out a Create or an Update; a rollback is an Update too. Either may come twice.
   * @returns attributes of the resource, or why not
   */
  carryOut(event: ResourceEvent): Promise<Result<Readonly<Record<string, string>>, string>>;
}

/** CloudFormation takes an answer of 4,096 bytes. */
const reasonBytes = 3_000;

/**
 * Answers one event of a custom resource. Delete always succeeds and touches nothing: what our resources look after
 * is the account's, or outlives the stack.
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
    // the address is signed without a content type
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
  // thrown, so that Lambda tries again: a stack that hears nothing waits until its timeout
  if (!response.ok) throw new Error(`cloudformation took no answer: ${response.status}`);
}

async function outcomeOf(event: ResourceEvent, { carryOut, failure }: CustomResource): Promise<object> {
  if (event.RequestType === "Delete") return { Status: "SUCCESS" };
  const done = await carryOut(event).catch((cause: unknown) => err(cause instanceof Error ? cause.message : "unknown"));
  return done.ok
    ? { Status: "SUCCESS", Data: done.value }
    : { Status: "FAILED", Reason: cut(`${failure}: ${done.error}`) };
}

/** By bytes as they are sent: what JSON escapes counts too. */
function cut(text: string): string {
  let kept = text;
  while (Buffer.byteLength(JSON.stringify(kept)) > reasonBytes) kept = kept.slice(0, Math.floor(kept.length * 0.9));
  return kept;
}
