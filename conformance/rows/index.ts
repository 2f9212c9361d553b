import type { Row } from "../row.ts";
import { accessTokenRows } from "./access-tokens.ts";
import { authorityRows } from "./architecture/authority.ts";
import { handingOnRows } from "./architecture/handing-on.ts";
import { revokingRows } from "./architecture/revoking.ts";
import { wireRows } from "./architecture/wire.ts";
import { assertionGrantRows } from "./assertion-grants.ts";
import { clientAssertionRows } from "./client-assertions.ts";
import { actorRows } from "./exchange/actors.ts";
import { exchangeAnswerRows } from "./exchange/answers.ts";
import { detailsRows } from "./exchange/details.ts";
import { exchangeRequestRows } from "./exchange/requests.ts";
import { resourceIndicatorRows } from "./exchange/resource-indicators.ts";
import { introspectionRows } from "./introspection.ts";
import { issuerMetadataRows } from "./issuer-metadata.ts";
import { oauthRows } from "./oauth.ts";
import { proofRows } from "./proofs.ts";
import { accessTokenAtResourceRows } from "./resources/access-tokens.ts";
import { bearerRows } from "./resources/bearer.ts";
import { resourceMetadataRows } from "./resources/metadata.ts";
import { proofAtResourceRows } from "./resources/proofs.ts";
import { revocationRows } from "./revocation.ts";
import { securityEventRows } from "./security-events.ts";
import { signInRows } from "./sign-ins.ts";
import { bundleRows } from "./spiffe/bundle.ts";
import { spiffeSvidRows } from "./spiffe/svids.ts";
import { mcpRows } from "./standard-clients/mcp.ts";
import { oauth4webapiRows } from "./standard-clients/oauth4webapi.ts";
import { otherClientRows } from "./standard-clients/verifiers.ts";
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
  ...assertionGrantRows,
  ...signInRows,
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
