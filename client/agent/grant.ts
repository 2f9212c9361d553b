import type { AuthorizationDetail } from "../../core/model/session.ts";
import type { FormInput } from "./calls.ts";

/** What a request asks for at one resource. */
export interface WantedGrant {
  readonly resource: string;
  readonly scopes: readonly string[];
  /** RFC 9396 details that restrict these scopes; each carries its registered `type`. */
  readonly details?: readonly AuthorizationDetail[];
}

/** Grants as form parameters: `resource` repeated (RFC 8707 2), one `scope`, one `authorization_details` (RFC 9396 2). */
export function grantParameters(grants: readonly WantedGrant[]): FormInput {
  const scopes = [...new Set(grants.flatMap((grant) => grant.scopes))];
  const details = grants.flatMap((grant) => grant.details ?? []);
  return [
    ...grants.map((grant) => ["resource", grant.resource] as const),
    ["scope", scopes.join(" ")],
    ["authorization_details", details.length > 0 ? JSON.stringify(details) : undefined],
  ];
}
