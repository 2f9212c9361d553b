import type { Row } from "../row.ts";
import { accessTokenRows } from "./access-tokens.ts";
import { accessTokenAtResourceRows } from "./access-tokens-at-resources.ts";
import { actorRows } from "./actors.ts";
import { authorityRows } from "./authority.ts";
import { bearerRows } from "./bearer.ts";
import { clientAssertionRows } from "./client-assertions.ts";
import { detailsRows } from "./details.ts";
import { exchangeAnswerRows } from "./exchange-answers.ts";
import { exchangeRequestRows } from "./exchange-requests.ts";
import { handingOnRows } from "./handing-on.ts";
import { introspectionRows } from "./introspection.ts";
import { issuerMetadataRows } from "./issuer-metadata.ts";
import { mcpRows } from "./mcp.ts";
import { oauthRows } from "./oauth.ts";
import { oauth4webapiRows } from "./oauth4webapi.ts";
import { otherClientRows } from "./other-clients.ts";
import { wireRows } from "./own-wire.ts";
import { proofRows } from "./proofs.ts";
import { proofAtResourceRows } from "./proofs-at-resources.ts";
import { resourceIndicatorRows } from "./resource-indicators.ts";
import { resourceMetadataRows } from "./resource-metadata.ts";
import { revocationRows } from "./revocation.ts";
import { revokingRows } from "./revoking.ts";
import { securityEventRows } from "./security-events.ts";
import { spiffeSvidRows } from "./spiffe.ts";
import { bundleRows } from "./spiffe-bundle.ts";
import { statusListRows } from "./status-list.ts";

/**
 * The table, in the order in which it is run: what revokes an agent comes last, since tokens that rows share die by it.
 */
export const table: readonly Row[] = [
  ...oauthRows,
  ...exchangeRequestRows,
  ...exchangeAnswerRows,
  ...actorRows,
  ...resourceIndicatorRows,
  ...clientAssertionRows,
  ...spiffeSvidRows,
  ...bundleRows,
  ...proofRows,
  ...proofAtResourceRows,
  ...bearerRows,
  ...detailsRows,
  ...accessTokenRows,
  ...accessTokenAtResourceRows,
  ...introspectionRows,
  ...revocationRows,
  ...issuerMetadataRows,
  ...resourceMetadataRows,
  ...statusListRows,
  ...securityEventRows,
  ...oauth4webapiRows,
  ...otherClientRows,
  ...mcpRows,
  ...wireRows,
  ...authorityRows,
  ...handingOnRows,
  ...revokingRows,
];
