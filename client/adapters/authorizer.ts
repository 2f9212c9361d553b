/** Authorizers of API Gateway and AppSync: who is let in, decided before an integration of any kind. */
export {
  type ApiAuthorizerInput,
  createHttpApiAuthorizer,
  createHttpApiPolicyAuthorizer,
  createRestAuthorizer,
  type HttpApiAuthorizerEvent,
  type PolicyAnswer,
  type RestAuthorizerEvent,
  type SimpleAnswer,
} from "./authorizers/api.ts";
export {
  type AppSyncAnswer,
  type AppSyncAuthorizerEvent,
  type AppSyncAuthorizerInput,
  createAppSyncAuthorizer,
} from "./authorizers/app-sync.ts";
export type { AuthorizerContext } from "./authorizers/context.ts";
export type { AuthorizerInput } from "./authorizers/judge.ts";
