import { constants, type KeyObject, sign, type X509Certificate } from "node:crypto";
import type { AttestRequest } from "../../../core/model/wire.ts";
import { svidBindingText } from "../../../core/model/wire.ts";
import { EvidenceError } from "../../error.ts";
import type { EvidenceRequest } from "./source.ts";

/** An X.509-SVID with its intermediates, and its key. */
export interface SvidPair {
  /** The SVID first. */
  readonly certificates: readonly X509Certificate[];
  readonly key: KeyObject;
}

/**
 * Evidence by an X.509-SVID: its chain, and a signature of its key over challenge, agent's key and issuer. The key
 * itself is never shown.
 * @throws EvidenceError when key and SVID do not fit, or the key is neither EC nor RSA
 */
export function svidEvidence({ certificates, key }: SvidPair, request: EvidenceRequest): AttestRequest["evidence"] {
  if (!certificates[0]?.checkPrivateKey(key)) throw new EvidenceError("the SVID and the key beside it do not fit");
  const signature = signed(key, Buffer.from(svidBindingText(request), "utf8"));
  const chain = certificates.map((certificate) => certificate.raw.toString("base64"));
  return { type: "spiffe-x509-svid", chain, signature: signature.toString("base64") };
}

/** As the attestor verifies it: ECDSA with the curve's own SHA-2 in DER, or RSASSA-PSS with a salt of 32 bytes. */
function signed(key: KeyObject, bytes: Uint8Array): Buffer {
  if (key.asymmetricKeyType === "ec")
    return sign(key.asymmetricKeyDetails?.namedCurve === "secp384r1" ? "sha384" : "sha256", bytes, key);
  if (key.asymmetricKeyType !== "rsa") throw new EvidenceError("the SVID's key is neither EC nor RSA");
  return sign("sha256", bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
}
