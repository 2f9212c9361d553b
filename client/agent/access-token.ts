/** An access token for one resource, and what it carries. */
export interface AccessToken {
  readonly token: string;
  readonly expiresAtSeconds: number;
  readonly scopes: readonly string[];
  /**
   * `Bearer` where the resource is registered as unable to check proofs. Then anybody who copies the token can use it.
   */
  readonly tokenType: "DPoP" | "Bearer";
}
