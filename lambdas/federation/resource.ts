/** What CloudFormation sends to a custom resource, as far as it is read here. */
export interface ResourceEvent {
  readonly RequestType: "Create" | "Update" | "Delete";
  /** Presigned address of the answer. */
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}

/** Constant, so that no update ever looks like a replacement. */
const physicalId = "outbound-identity-federation";

/**
 * Answers one event of the custom resource. Create and Update switch on (a rollback is an Update too: it changes
 * nothing); Delete never switches off, since the switch is the account's and others may stand on it.
 * @param enable switches on and tells the issuer
 * @param send the network
 */
export async function answerResource(
  event: ResourceEvent,
  enable: () => Promise<string>,
  send: typeof fetch,
): Promise<void> {
  const outcome = await outcomeOf(event, enable);
  const response = await send(event.ResponseURL, {
    method: "PUT",
    // the address is signed without a content type
    headers: { "content-type": "" },
    body: JSON.stringify({
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      PhysicalResourceId: physicalId,
      ...outcome,
    }),
    signal: AbortSignal.timeout(10_000),
  });
  // thrown, so that Lambda tries again: a stack that hears nothing waits until its timeout
  if (!response.ok) throw new Error(`cloudformation took no answer: ${response.status}`);
}

async function outcomeOf({ RequestType }: ResourceEvent, enable: () => Promise<string>): Promise<object> {
  if (RequestType === "Delete") return { Status: "SUCCESS" };
  try {
    return { Status: "SUCCESS", Data: { Issuer: await enable() } };
  } catch (error) {
    const why = error instanceof Error ? error.message : "unknown";
    return { Status: "FAILED", Reason: `outbound identity federation could not be switched on: ${why}` };
  }
}
