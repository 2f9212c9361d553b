/** How work is handed on in a message: the offer rides in it, worthless to whoever reads the queue. */
export {
  type AttachedOffer,
  attachToEvent,
  attachToInput,
  attachToMessage,
  type MessageAttribute,
  type OutgoingEvent,
  type OutgoingMessage,
} from "./messages/attach.ts";
export {
  createQueueHandler,
  type QueueAnswer,
  type QueueHandlerInput,
  type QueueRecord,
} from "./messages/queue-handler.ts";
export { receive } from "./messages/receive.ts";
