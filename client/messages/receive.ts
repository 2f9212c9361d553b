import { limits } from "../../core/model/limits.ts";
import type { Expected, LanyardAgent } from "../agent/agent.ts";
import type { AgentSession } from "../agent/session.ts";
import { LanyardError } from "../error.ts";
import { offerName } from "./offer-name.ts";

/**
 * Takes on the work that a message brings: redeems its offer. The same agent with the same key gets the same session
 * each time the message is delivered, until the offer ends.
 * @param received as it came: a record of SQS as Lambda gets it, a message as SQS's SDK receives it (ask for the attribute
 * by `MessageAttributeNames`), an event of EventBridge, the same inside a message of SQS, or the input of a state machine or
 * function
 * @param options `expect`: from whom and for whom, since whoever may send to the queue may offer work
 * @throws LanyardError `offer_missing`, and as `agent.redeem`
 * @throws TypeError when `expect` is not said
 */
export async function receive(
  agent: Pick<LanyardAgent, "redeem">,
  received: unknown,
  options: { readonly expect: Expected },
): Promise<AgentSession> {
  const handle = offerIn(received);
  if (typeof handle !== "string" || handle === "" || handle.length > limits.tokenBytes)
    throw new LanyardError("offer_missing", "receive");
  return agent.redeem(handle, options);
}

type Members = Readonly<Record<string, unknown>>;

/** The offer, by what the message is. Each has one place for it, so that two readers never see two offers. */
function offerIn(received: unknown): unknown {
  const members = membersOf(received);
  if (members === undefined) return undefined;
  if (members.eventSource === "aws:sqs") return inRecord(members);
  if (typeof members.ReceiptHandle === "string") return inMessage(members);
  return inJson(members);
}

/** As Lambda gets a message: what was sent to the queue by a rule of EventBridge has no attributes of its own. */
const inRecord = ({ messageAttributes, body }: Members): unknown => {
  const attribute = membersOf(membersOf(messageAttributes)?.[offerName]);
  return attribute ? attribute.stringValue : inJson(parsed(body));
};

/** As SQS's own SDK receives it. */
const inMessage = ({ MessageAttributes, Body }: Members): unknown => {
  const attribute = membersOf(membersOf(MessageAttributes)?.[offerName]);
  return attribute ? attribute.StringValue : inJson(parsed(Body));
};

/** An event of EventBridge keeps it in its detail, an input among its own members. */
const inJson = (members: Members | undefined): unknown => {
  if (members === undefined) return undefined;
  const place = typeof members["detail-type"] === "string" ? membersOf(members.detail) : members;
  return place && Object.hasOwn(place, offerName) ? place[offerName] : undefined;
};

const membersOf = (value: unknown): Members | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : undefined;

/** A body is whatever the sender wrote; one that is no JSON carries no offer. */
function parsed(body: unknown): Members | undefined {
  if (typeof body !== "string") return undefined;
  try {
    return membersOf(JSON.parse(body));
  } catch {
    return undefined;
  }
}
