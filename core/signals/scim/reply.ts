import type { Denial } from "../../denial/denial.ts";
import { denialToWire } from "../../denial/wire.ts";
import type { Reply } from "../../model/wire.ts";

/** Media type of SCIM (RFC 7644 8.1). */
export const scimType = "application/scim+json";
/** An answer in SCIM. */
export const scimReply = (status: number, body: object): Reply => ({
  status,
  contentType: scimType,
  body: JSON.stringify(body),
});

/** A refusal as a SCIM client is told it (RFC 7644 3.12). */
export function scimRefusal(denial: Denial): Reply {
  const { status, description, headers } = denialToWire(denial);
  const kind = denial.code === "scim_request_invalid" ? { scimType: denial.scimType } : {};
  const schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"];
  return {
    ...scimReply(status, { schemas, status: String(status), ...kind, detail: description }),
    ...(headers ? { headers } : {}),
  };
}
