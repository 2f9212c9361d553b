import type { AuthorizationDetail } from "../../core/model/session.ts";
import type { KeyPair } from "../agent/agent-key.ts";
import type { Fetch } from "../http.ts";
import type { ClientAuthentication } from "./authentication.ts";
import type { Grant } from "./grants.ts";

/** Input of `createMcpProvider`. */
export interface McpProviderInput {
  /** The MCP server's URL. The provider's tokens go nowhere else (threat 43). */
  readonly server: string;
  /**
   * The authorization server's issuer. A server that names another one gets nothing: it could otherwise have the client
   * show its secret, its assertion or its workload's document to whom it likes. `"as-discovered"` takes what the server
   * says; only for clients that have nothing to lose.
   */
  readonly issuer: string;
  readonly client: ClientAuthentication;
  /** Client credentials when left out. */
  readonly grant?: Grant;
  /**
   * `required`: a token that is not bound to the key is not taken. `preferred`: it is, where a server knows no better.
   * `never`: no proof is sent. `required` when left out.
   */
  readonly dpop?: "required" | "preferred" | "never";
  /** A P-256 key pair; a new one for this process, or the client's own, when left out. */
  readonly key?: KeyPair;
  /** Scopes to ask for where the server names none. */
  readonly scope?: string;
  /** Authorization details (RFC 9396) to ask for where the server names none. */
  readonly details?: readonly AuthorizationDetail[];
  readonly fetch?: Fetch;
}
