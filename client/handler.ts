/** What stands before a handler that works on for its caller: it gets a session of its own, below the caller's. */
export type { HandlerInput, Hop } from "./handler/enter.ts";
export { createFetchHandler } from "./handler/fetch.ts";
export type { HopInput } from "./handler/hop-sessions.ts";
export { createLambdaHandler, type LambdaHttpAnswer, type LambdaHttpEvent } from "./handler/lambda.ts";
