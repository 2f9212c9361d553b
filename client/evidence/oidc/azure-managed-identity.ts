import { EvidenceError } from "../../error.ts";
import type { Fetch } from "../../http.ts";
import { askPlatform, memberOf } from "../platform/ask.ts";
import type { EvidenceSource } from "../platform/source.ts";
import { workloadToken } from "../platform/workload-token.ts";

/** How Azure's token service is called. */
interface AzureManagedIdentityInput {
  /** App ID URI of the app registration that stands for Lanyard. */
  readonly resource: string;
  /**
   * The token's `aud`, as registered: `resource`, or that app's client id where the app accepts tokens of version 2.
   */
  readonly audience?: string;
  /** Client id of a user-assigned identity; the system-assigned one when left out. */
  readonly clientId?: string;
  /** The process's environment when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly fetch?: Fetch;
}

const instanceMetadata = "http://169.254.169.254/metadata/identity/oauth2/token";
/** Hosts of the token services of App Service, Functions and Container Apps: on this machine or link-local. */
const nearby = /^(?:localhost|127\.0\.0\.1|169\.254\.\d{1,3}\.\d{1,3})$/;

/**
 * Evidence by the access token of an Azure managed identity: of `IDENTITY_ENDPOINT` where the platform sets it, else of
 * the instance metadata service. Azure may answer the same token for up to a day. Azure Arc and Service Fabric are
 * refused, since their endpoints need more.
 */
export function azureManagedIdentity(input: AzureManagedIdentityInput): EvidenceSource {
  const { resource, audience = resource, fetch = globalThis.fetch } = input;
  return {
    type: "oidc",
    async collect() {
      const { url, headers } = requestOf(input);
      const answer = await askPlatform(fetch, url, { headers: { ...headers, accept: "application/json" } });
      return { type: "oidc", token: workloadToken(memberOf(answer, "access_token"), audience) };
    },
  };
}

function requestOf({ resource, clientId, env = process.env }: AzureManagedIdentityInput) {
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header } = env;
  const identity: Record<string, string> = clientId === undefined ? {} : { client_id: clientId };
  const asking = (text: string, version: string) => {
    const url = URL.parse(text);
    // with this header anybody can get tokens of this identity, so it is never sent to another machine
    if (url?.protocol !== "http:" || !nearby.test(url.hostname) || url.username !== "" || url.password !== "")
      throw new EvidenceError("IDENTITY_ENDPOINT is not on this machine");
    url.search = new URLSearchParams({ "api-version": version, resource, ...identity }).toString();
    return url;
  };
  if (endpoint === undefined) return { url: asking(instanceMetadata, "2018-02-01"), headers: { metadata: "true" } };
  if (header === undefined || env.IMDS_ENDPOINT !== undefined || env.IDENTITY_SERVER_THUMBPRINT !== undefined)
    throw new EvidenceError("IDENTITY_ENDPOINT is of Azure Arc or Service Fabric, which are not supported");
  return { url: asking(endpoint, "2019-08-01"), headers: { "x-identity-header": header } };
}
