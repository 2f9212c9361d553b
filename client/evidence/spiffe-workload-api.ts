import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { limits } from "../../core/model/limits.ts";
import { EvidenceError } from "../error.ts";
import type { EvidenceSource } from "./platform/source.ts";
import { type SvidPair, svidEvidence } from "./platform/svid-evidence.ts";
import { workloadToken } from "./platform/workload-token.ts";
import { workloadTarget } from "./workload-api/address.ts";
import { askWorkloadApi } from "./workload-api/ask.ts";
import { type AnsweredX509Svid, jwtSvidRequest, jwtSvidsIn, x509SvidsIn } from "./workload-api/messages.ts";

/** Which socket is asked, and for which of the workload's identities. */
export interface SpiffeWorkloadApiInput {
  /**
   * `unix:///path`, or `tcp://` with an IP address of this machine and a port; the environment's
   * `SPIFFE_ENDPOINT_SOCKET` when left out.
   */
  readonly address?: string;
  /** The identity to show, where the workload has several; the first, its default one, when both are left out. */
  readonly spiffeId?: string;
  /** The same by the operator's hint; the first SVID that has it, as the standard says. */
  readonly hint?: string;
  /** The process's environment when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Evidence by the X.509-SVID that the Workload API hands out (`FetchX509SVID`), fetched for each attestation, and a
 * signature of its key over challenge, agent's key and issuer. Needs `@grpc/grpc-js`.
 * @throws RangeError for an address that is none, or not of this machine
 */
export function spiffeWorkloadX509(input: SpiffeWorkloadApiInput = {}): EvidenceSource {
  const address = addressOf(input);
  return {
    type: "spiffe-x509-svid",
    async collect(request) {
      const answer = await askWorkloadApi({ address, method: "FetchX509SVID", request: new Uint8Array() });
      return svidEvidence(pairOf(chosen(x509SvidsIn(answer), input)), request);
    },
  };
}

/**
 * Evidence by a JWT-SVID that the Workload API makes for our issuer alone (`FetchJWTSVID`). It proves less than the
 * X.509-SVID. Needs `@grpc/grpc-js`.
 * @throws RangeError for an address that is none, or not of this machine
 */
export function spiffeWorkloadJwt(input: SpiffeWorkloadApiInput = {}): EvidenceSource {
  const address = addressOf(input);
  return {
    type: "spiffe-jwt-svid",
    async collect({ issuer }) {
      const request = jwtSvidRequest(issuer, input.spiffeId);
      const answer = await askWorkloadApi({ address, method: "FetchJWTSVID", request });
      const { token } = chosen(jwtSvidsIn(answer), input);
      return { type: "spiffe-jwt-svid", token: workloadToken(token, issuer) };
    },
  };
}

function addressOf({ address, env = process.env }: SpiffeWorkloadApiInput): string {
  const found = address ?? env.SPIFFE_ENDPOINT_SOCKET;
  if (found === undefined) throw new RangeError("no address of a Workload API is given or in SPIFFE_ENDPOINT_SOCKET");
  workloadTarget(found);
  return found;
}

/** One SVID: another of this workload's identities must never be shown in its place. */
function chosen<T extends { readonly spiffeId: string; readonly hint: string }>(
  svids: readonly T[],
  { spiffeId, hint }: SpiffeWorkloadApiInput,
): T {
  const found = svids.find(
    (svid) => (spiffeId === undefined || svid.spiffeId === spiffeId) && (hint === undefined || svid.hint === hint),
  );
  if (!found) throw new EvidenceError("the Workload API handed out no SVID, or not the one that is wanted");
  return found;
}

function pairOf({ certificates, key }: AnsweredX509Svid): SvidPair {
  return { certificates: certificatesIn(certificates), key: keyIn(key) };
}

/** Certificates one after the other, by the length that each begins with (X.690 8.1.3). */
function certificatesIn(chain: Uint8Array): readonly X509Certificate[] {
  const found: X509Certificate[] = [];
  for (let at = 0; at < chain.length; ) {
    const size = sizeOf(Buffer.from(chain.subarray(at)));
    if (size === undefined || found.length === limits.svidChainCertificates)
      throw new EvidenceError(
        `the Workload API's SVID is not 1 to ${limits.svidChainCertificates} certificates in DER`,
      );
    found.push(certificateIn(chain.subarray(at, at + size)));
    at += size;
  }
  return found;
}

/** Bytes of the sequence at the beginning; undefined when there is none, or not all of it. */
function sizeOf(der: Buffer): number | undefined {
  const first = der[1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if (der[0] !== 0x30 || lengthBytes > 3 || der.length < 2 + lengthBytes || first === 0x80) return undefined;
  const size = 2 + lengthBytes + (lengthBytes === 0 ? first : der.readUIntBE(2, lengthBytes));
  return size <= der.length ? size : undefined;
}

function certificateIn(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw new EvidenceError("the Workload API's SVID is no certificate");
  }
}

function keyIn(der: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  } catch {
    throw new EvidenceError("the Workload API's SVID has no key");
  }
}
