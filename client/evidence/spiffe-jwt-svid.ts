import { limits } from "../../core/model/limits.ts";
import { readBoundedFile } from "./platform/bounded-file.ts";
import type { EvidenceSource } from "./platform/source.ts";
import { workloadToken } from "./platform/workload-token.ts";

/** Where the JWT-SVID is kept. */
export interface SpiffeJwtSvidInput {
  /**
   * File that `spiffe-helper` (`jwt_svids`) or a similar program renews; the SVID's only audience must be our issuer.
   */
  readonly path: string;
}

/**
 * Evidence by a JWT-SVID in a file, read for each attestation, for hosts where `spiffe-helper` writes it;
 * `spiffe-workload-api` asks the socket itself. Prefer the X.509-SVID, which proves more.
 */
export const spiffeJwtSvid = ({ path }: SpiffeJwtSvidInput): EvidenceSource => ({
  type: "spiffe-jwt-svid",
  async collect({ issuer }) {
    const text = await readBoundedFile(path, limits.tokenBytes);
    return { type: "spiffe-jwt-svid", token: workloadToken(text, issuer) };
  },
});
