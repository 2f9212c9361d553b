/** The guard of a gateway before tool servers: it verifies token and proof, and asks Lanyard about each call of a tool. */
export {
  type AgentCoreInterceptorInput,
  createAgentCoreInterceptor,
  type InterceptorAnswer,
} from "./gateway/agentcore.ts";
export {
  createGateway,
  type Gateway,
  type GatewayCaller,
  type GatewayInput,
  type ToolCall,
} from "./gateway/gateway.ts";
export { type ListPage, toolDigest } from "./tools/read-tools.ts";
export { createServedTools, type ServedTools, type ServedToolsInput } from "./tools/served-tools.ts";
