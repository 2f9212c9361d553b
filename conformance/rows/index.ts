import type { Row } from "../row.ts";
import { accessTokenRows } from "./access-tokens.ts";
import { authorityRows, wireRows } from "./authority.ts";
import { bearerRows } from "./bearer.ts";
import { clientAuthenticationRows } from "./client-authentication.ts";
import { clientRows } from "./clients.ts";
import { detailsRows } from "./details.ts";
import { dpopRows } from "./dpop.ts";
import { introspectionAndRevocationRows } from "./introspection.ts";
import { mcpRows } from "./mcp.ts";
import { metadataRows } from "./metadata.ts";
import { oauthRows } from "./oauth.ts";
import { resourceIndicatorRows } from "./resource-indicators.ts";
import { securityEventRows } from "./security-events.ts";
import { statusListRows } from "./status-list.ts";
import { tokenExchangeRows } from "./token-exchange.ts";

/**
 * The table, in the order in which it is run: what revokes an agent comes last, since tokens that rows share die by it.
 */
export const table: readonly Row[] = [
  ...oauthRows,
  ...tokenExchangeRows,
  ...resourceIndicatorRows,
  ...clientAuthenticationRows,
  ...dpopRows,
  ...bearerRows,
  ...detailsRows,
  ...accessTokenRows,
  ...introspectionAndRevocationRows,
  ...metadataRows,
  ...statusListRows,
  ...securityEventRows,
  ...clientRows,
  ...mcpRows,
  ...wireRows,
  ...authorityRows,
];
