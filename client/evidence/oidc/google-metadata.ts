import { EvidenceError } from "../../error.ts";
import type { Fetch } from "../../http.ts";
import { askPlatform } from "../platform/ask.ts";
import type { EvidenceSource } from "../platform/source.ts";
import { workloadToken } from "../platform/workload-token.ts";

/** How the metadata server is called. */
interface GoogleMetadataInput {
  /** Service account of the instance, by its address; its default one when left out. */
  readonly serviceAccount?: string;
  /**
   * The metadata server's origin: `http://169.254.169.254` when left out; only its other names, or this machine, are
   * accepted.
   */
  readonly endpoint?: string;
  readonly fetch?: Fetch;
}

/**
 * The server's own addresses, and this machine for emulators: another server could answer a token of another workload.
 */
const servers = /^http:\/\/(?:169\.254\.169\.254|metadata\.google\.internal|\[fd20:ce::254\]|127\.0\.0\.1:\d{1,5})$/;
const account = /^[A-Za-z0-9.@_-]{1,254}$/;

/**
 * Evidence by the identity token of a Google Cloud workload (Compute Engine, GKE, Cloud Run, Cloud Functions), with the
 * machine's own claims where there are any. The metadata server answers the same token for most of its hour.
 * @throws RangeError for an invalid endpoint or account
 */
export function googleMetadata(input: GoogleMetadataInput = {}): EvidenceSource {
  const { serviceAccount = "default", endpoint = "http://169.254.169.254", fetch = globalThis.fetch } = input;
  if (!servers.test(endpoint)) throw new RangeError("endpoint is no address of Google's metadata server");
  if (!account.test(serviceAccount)) throw new RangeError("serviceAccount is no service account");
  return {
    type: "oidc",
    async collect({ issuer }) {
      const url = new URL(`/computeMetadata/v1/instance/service-accounts/${serviceAccount}/identity`, endpoint);
      url.search = new URLSearchParams({ audience: issuer, format: "full" }).toString();
      const { text, headers } = await askPlatform(fetch, url, { headers: { "metadata-flavor": "Google" } });
      // another server at this link-local address must not be called again
      if (headers.get("metadata-flavor") !== "Google")
        throw new EvidenceError("what answered is not Google's metadata server");
      return { type: "oidc", token: workloadToken(text, issuer) };
    },
  };
}
