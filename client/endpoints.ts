import { issuerMetadataUrl } from "../core/text/well-known.ts";
import { LanyardError } from "./error.ts";
import { call, type Fetch } from "./http.ts";
import { secureUrl } from "./url.ts";

/** Addresses of an issuer's functions. */
export interface Endpoints {
  readonly attest: string;
  readonly token: string;
  readonly introspect: string;
  readonly revoke: string;
  /** Left out where the deployment gives no AWS credentials. */
  readonly credentials?: string;
  /** Left out where the deployment has no decision point. */
  readonly decide?: string;
}

/** Finds the endpoints; they are looked up once in each process. */
export type EndpointSource = () => Promise<Endpoints>;

const members = {
  attest: "lanyard_attestation_endpoint",
  token: "token_endpoint",
  introspect: "introspection_endpoint",
  revoke: "revocation_endpoint",
  credentials: "lanyard_credentials_endpoint",
  decide: "lanyard_decision_endpoint",
} as const;

/**
 * Endpoints as pinned, or by the issuer's RFC 8414 metadata, which must name exactly this issuer. Pin them where a
 * forged metadata document would be worse for you than an outage after the addresses have changed (threat 29).
 * @throws LanyardError `insecure_url` at once, `metadata_invalid` and the errors of a call when asked
 */
export function createEndpoints(issuer: string, pinned: Endpoints | undefined, fetch: Fetch): EndpointSource {
  secureUrl(issuer, "issuer");
  if (pinned) {
    for (const [name, url] of Object.entries(pinned)) secureUrl(url, name);
    return async () => pinned;
  }
  let held: Promise<Endpoints> | undefined;
  return () => {
    held ??= discover(issuer, fetch).catch((cause: unknown) => {
      // a failure is not remembered
      held = undefined;
      throw cause;
    });
    return held;
  };
}

async function discover(issuer: string, fetch: Fetch): Promise<Endpoints> {
  const url = issuerMetadataUrl(issuer, "oauth-authorization-server");
  const { status, json } = await call(fetch, { url, method: "GET", during: "metadata" });
  if (status !== 200) throw new LanyardError("metadata_invalid", "metadata", { status });
  if (json.issuer !== issuer)
    throw new LanyardError("metadata_invalid", "metadata", { description: "it is of another issuer" });
  const read = (name: keyof Endpoints): string => {
    const url = json[members[name]];
    if (typeof url !== "string")
      throw new LanyardError("metadata_invalid", "metadata", { description: `${members[name]} is missing` });
    secureUrl(url, members[name]);
    return url;
  };
  return {
    ...{ attest: read("attest"), token: read("token"), introspect: read("introspect"), revoke: read("revoke") },
    ...(json[members.credentials] === undefined ? {} : { credentials: read("credentials") }),
    ...(json[members.decide] === undefined ? {} : { decide: read("decide") }),
  };
}
