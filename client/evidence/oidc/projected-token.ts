import { limits } from "../../../core/model/limits.ts";
import { readBoundedFile } from "../platform/bounded-file.ts";
import type { EvidenceSource } from "../platform/source.ts";
import { workloadToken } from "../platform/workload-token.ts";

/** Where the platform writes the token. */
interface ProjectedTokenInput {
  /**
   * File of a `serviceAccountToken` volume whose `audience` is our issuer. Never
   * `/var/run/secrets/kubernetes.io/serviceaccount/token`, which is for the cluster's API server.
   */
  readonly path: string;
  /** The registered issuer's `audience`, where it is not our issuer. */
  readonly audience?: string;
}

/**
 * Evidence by a token that a platform keeps in a file and renews: a projected service account token (Kubernetes, EKS),
 * or any other token of that kind. The file is read for each attestation.
 */
export const projectedToken = ({ path, audience }: ProjectedTokenInput): EvidenceSource => ({
  type: "oidc",
  async collect({ issuer }) {
    const text = await readBoundedFile(path, limits.tokenBytes);
    return { type: "oidc", token: workloadToken(text, audience ?? issuer) };
  },
});
