import type { AgentSession } from "../agent/session.ts";
import { offerName } from "./offer-name.ts";

/** What is held out to the consumer: to whom, and which part of the session. */
export type AttachedOffer = Parameters<AgentSession["offer"]>[0];

/** The giving half of a session. */
type Giver = Pick<AgentSession, "offer">;

/** An attribute of a message, as AWS's SDK writes it. */
export interface MessageAttribute {
  DataType: string | undefined;
  StringValue?: string | undefined;
}

/** A message of SQS on its way, or an entry of a batch, as far as it is read here. */
export interface OutgoingMessage {
  readonly MessageBody?: string | undefined;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>> | undefined;
}

/** An entry of EventBridge's `PutEvents`, as far as it is read here. */
export interface OutgoingEvent {
  readonly Detail?: string | undefined;
}

/**
 * Makes an offer to the consumer of a message of SQS, which rides in the attribute `lanyard-offer`. It opens a session to
 * the agent it names and to nobody else who reads the queue, for as long as offers live: ten minutes at most, so the
 * message must be received by then.
 * @param message input of `SendMessageCommand`, or an entry of a batch
 * @param offer to whom, and which part of the session
 * @returns the same with the offer
 * @throws TypeError for a message that carries an offer already; nothing was offered then
 * @throws LanyardError as `session.offer`
 */
export async function attachToMessage<Message extends OutgoingMessage>(
  session: Giver,
  message: Message,
  offer: AttachedOffer,
): Promise<Message & { MessageAttributes: Record<string, MessageAttribute> }> {
  const attributes = message.MessageAttributes ?? {};
  refuseSecond(attributes);
  const { handle } = await session.offer(offer);
  const added = { ...attributes, [offerName]: { DataType: "String", StringValue: handle } };
  return { ...message, MessageAttributes: added };
}

/**
 * Makes an offer to the consumer of an event of EventBridge, which rides in the member `lanyard-offer` of its detail.
 * @param entry an entry of `PutEventsCommand`; its `Detail` is a JSON object
 * @returns the same with the offer
 * @throws TypeError for a detail that is no JSON object, or carries an offer already; nothing was offered then
 * @throws LanyardError as `session.offer`
 */
export async function attachToEvent<Entry extends OutgoingEvent>(
  session: Giver,
  entry: Entry,
  offer: AttachedOffer,
): Promise<Entry & { Detail: string }> {
  const detail = await attachToInput(session, objectOf(entry.Detail ?? "{}"), offer);
  return { ...entry, Detail: JSON.stringify(detail) };
}

/**
 * Makes an offer to whoever works on an input: of a state machine of Step Functions, or of a Lambda function that is
 * invoked directly. It rides in the member `lanyard-offer`.
 * @param input the object, before it is written as JSON
 * @returns the same with the offer
 * @throws TypeError for an input that carries an offer already; nothing was offered then
 * @throws LanyardError as `session.offer`
 */
export async function attachToInput<Input extends object>(
  session: Giver,
  input: Input,
  offer: AttachedOffer,
): Promise<Input & { readonly [offerName]: string }> {
  refuseSecond(input);
  const { handle } = await session.offer(offer);
  return { ...input, [offerName]: handle };
}

/** A message is for one consumer: the other offer would be somebody else's, or one that is spent. */
function refuseSecond(members: object): void {
  if (Object.hasOwn(members, offerName)) throw new TypeError(`it carries ${offerName} already`);
}

function objectOf(json: string): object {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError("the detail of an event that carries an offer is a JSON object");
  return value;
}
