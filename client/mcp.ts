/**
 * MCP by the official SDK: a guard for servers that maps tools and arguments to scopes and details, and a provider for
 * clients, by any client authentication. Only clients need `@modelcontextprotocol/client`, and load it when one is
 * made.
 */

export type { DetailsTypeDeclaration, ToolDeclaration } from "../core/verify/permits.ts";
export { callerOf, type McpAuthInfo } from "./mcp/auth-info.ts";
export {
  attested,
  type ClientAuthentication,
  clientSecret,
  type PrivateKeyJwtInput,
  privateKeyJwt,
  publicClient,
} from "./mcp/authentication.ts";
export { declaredTools } from "./mcp/declared.ts";
export {
  clientCredentials,
  type Grant,
  type GrantContext,
  type IdJagInput,
  idJag,
  jwtBearer,
  type SignIn,
  signIn,
} from "./mcp/grants.ts";
export type { Given, OperationNeeds, Rule, ToolRules } from "./mcp/needs.ts";
export { createMcpProvider, type McpProvider } from "./mcp/provider.ts";
export type { McpProviderInput } from "./mcp/provider-input.ts";
export { type GuardedMcp, type McpHandler, type RequireToolInput, requireTool } from "./mcp/require-tool.ts";
export {
  type DigestedTool,
  type ListedTool,
  type ListPage,
  type PinnedTools,
  readPinnedTools,
  readTools,
  type ToolDifference,
  type ToolPin,
  type ToolSet,
  toolDigest,
} from "./tools/read-tools.ts";
