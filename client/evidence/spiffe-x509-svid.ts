import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { limits } from "../../core/model/limits.ts";
import { EvidenceError } from "../error.ts";
import { readBoundedFile } from "./platform/bounded-file.ts";
import type { EvidenceSource } from "./platform/source.ts";
import { type SvidPair, svidEvidence } from "./platform/svid-evidence.ts";

/** Where the X.509-SVID and its key are kept; the default names are those usual with `spiffe-helper`. */
export interface SpiffeX509SvidInput {
  readonly directory: string;
  /** PEM: the SVID, then its intermediates. `svid.pem` when left out. */
  readonly certificateFile?: string;
  /** PEM, PKCS #8. `svid_key.pem` when left out. */
  readonly keyFile?: string;
}

const certificatesBytes = 65_536;
const keyBytes = 16_384;
const attempts = 5;
const pauseMillis = 100;

/**
 * Evidence by an X.509-SVID in files, read for each attestation, and a signature of its key over challenge, agent's key
 * and issuer, for hosts where `spiffe-helper` writes them; `spiffe-workload-api` asks the socket itself.
 */
export function spiffeX509Svid(input: SpiffeX509SvidInput): EvidenceSource {
  return {
    type: "spiffe-x509-svid",
    collect: async (request) => svidEvidence(await pairIn(input), request),
  };
}

/**
 * Reads certificate and key. The files are renewed one after the other, and in between they do not match, so this tries
 * again.
 */
async function pairIn(input: SpiffeX509SvidInput): Promise<SvidPair> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readPair(input);
    } catch (cause) {
      if (attempt === attempts || !(cause instanceof EvidenceError)) throw cause;
    }
    await setTimeout(pauseMillis);
  }
}

async function readPair(input: SpiffeX509SvidInput): Promise<SvidPair> {
  const { directory, certificateFile = "svid.pem", keyFile = "svid_key.pem" } = input;
  const certificates = certificatesIn(await readBoundedFile(join(directory, certificateFile), certificatesBytes));
  const key = keyIn(await readBoundedFile(join(directory, keyFile), keyBytes));
  if (!certificates[0]?.checkPrivateKey(key)) throw new EvidenceError("the SVID and the key beside it do not fit");
  return { key, certificates };
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length < 1 || found.length > limits.svidChainCertificates)
    throw new EvidenceError(`the SVID's file holds 1 to ${limits.svidChainCertificates} certificates in PEM`);
  try {
    return found.map((each) => new X509Certificate(each));
  } catch {
    throw new EvidenceError("the SVID's file holds what is no certificate");
  }
}

function keyIn(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new EvidenceError("the SVID's key file holds no private key");
  }
}
