/** The guard of a gateway before tool servers: it verifies token and proof, and asks Lanyard about each call of a tool. */
export { type AgentCoreInterceptorInput, createAgentCoreInterceptor } from "./gateway/agentcore.ts";
export type { InterceptorAnswer } from "./gateway/agentcore-answers.ts";
export {
  createGateway,
  type Gateway,
  type GatewayCaller,
  type GatewayInput,
} from "./gateway/gateway.ts";
export type { ToldTool } from "./gateway/telling.ts";
export type { CallDecision, ToolCall } from "./gateway/tool-call.ts";
export type { Cost } from "./resource/cost.ts";
export type { Reservation } from "./resource/reservation.ts";
export { type ListPage, toolDigest } from "./tools/read-tools.ts";
export { createServedTools, type ServedTools, type ServedToolsInput } from "./tools/served-tools.ts";
