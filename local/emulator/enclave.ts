/**
 * Nitro Enclaves as an agent inside one sees them: the Nitro Secure Module's attestation documents (COSE_Sign1 of ES384,
 * RFC 9052), here under a root made at boot. Only a deployment that is itself the embedded cloud trusts that root.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { encode } from "cborg";
import { issueCertificate } from "./x509/certificate.ts";

/** The image an enclave is started from and where it runs. */
export interface EnclaveImage {
  /** SHA-384 of the image file, hexadecimal: PCR 0. */
  readonly pcr0: string;
  /** Role of the parent instance, measured into PCR 3. */
  readonly roleArn: string;
}

/** What an agent asks its NSM to sign beside the measurements. */
interface NsmRequest {
  readonly nonce?: Uint8Array;
  readonly publicKey?: Uint8Array;
  readonly userData?: Uint8Array;
}

/** A running enclave. */
export interface Enclave {
  readonly moduleId: string;
  /** The NSM's request `Attestation`. */
  attestationDocument(request: NsmRequest): Uint8Array;
}

/** The hypervisors of a Region. */
export interface Nitro {
  /** The root that signs for all of them, DER. */
  readonly root: Uint8Array;
  start(image: EnclaveImage): Enclave;
}

const daySeconds = 86_400;
const leafSeconds = 3 * 3_600;
const rootName = "aws.nitro-enclaves";

/** Makes root and intermediate: P-384 as Nitro's own. Keys are never written anywhere. */
export function openNitro(region: string, nowMillis: () => number = Date.now): Nitro {
  const pair = () => generateKeyPairSync("ec", { namedCurve: "P-384" });
  const [rootKeys, zoneKeys] = [pair(), pair()];
  const bornSeconds = Math.floor(nowMillis() / 1000);
  const zoneName = `${randomBytes(8).toString("hex")}.${region}.${rootName}`;
  const certify = ({ days, ...subject }: { name: string; publicKey: KeyObject; pathLength: number; days: number }) =>
    issueCertificate(
      { ...subject, notBeforeSeconds: bornSeconds, notAfterSeconds: bornSeconds + days * daySeconds },
      { name: rootName, privateKey: rootKeys.privateKey },
    ).der;
  const root = certify({ name: rootName, publicKey: rootKeys.publicKey, pathLength: 1, days: 3_650 });
  const zone = certify({ name: zoneName, publicKey: zoneKeys.publicKey, pathLength: 0, days: 20 });
  const leafOf = (moduleId: string, publicKey: KeyObject) => {
    const notBeforeSeconds = Math.floor(nowMillis() / 1000);
    return issueCertificate(
      {
        name: `${moduleId}.${region}.aws`,
        publicKey,
        notBeforeSeconds,
        notAfterSeconds: notBeforeSeconds + leafSeconds,
      },
      { name: zoneName, privateKey: zoneKeys.privateKey },
    ).der;
  };
  return {
    root,
    start(image) {
      const instanceId = `i-0${randomBytes(8).toString("hex")}`;
      const moduleId = `${instanceId}-enc01${randomBytes(7).toString("hex")}`;
      const keys = pair();
      const pcrs = measure(image, instanceId);
      return {
        moduleId,
        attestationDocument({ nonce, publicKey, userData }) {
          const payload = encode(
            new Map<string, unknown>([
              ["module_id", moduleId],
              ["digest", "SHA384"],
              ["timestamp", nowMillis()],
              ["pcrs", pcrs],
              ["certificate", leafOf(moduleId, keys.publicKey)],
              ["cabundle", [root, zone]],
              // what was not asked for stands there as null, as the real module writes it
              ["public_key", publicKey ?? null],
              ["user_data", userData ?? null],
              ["nonce", nonce ?? null],
            ]),
          );
          return signed(payload, keys.privateKey);
        },
      };
    },
  };
}

/** PCR 0 to 15; those that nothing was measured into are zero. */
function measure({ pcr0, roleArn }: EnclaveImage, instanceId: string): Map<number, Uint8Array> {
  const measured = (text: string) => createHash("sha384").update(Buffer.alloc(48)).update(text).digest();
  const pcrs = new Map<number, Uint8Array>([
    [0, Buffer.from(pcr0, "hex")],
    [1, measured("kernel and boot ramdisk")],
    [2, measured(`application of ${pcr0}`)],
    [3, measured(roleArn)],
    [4, measured(instanceId)],
  ]);
  for (let index = 5; index < 16; index += 1) pcrs.set(index, Buffer.alloc(48));
  return pcrs;
}

function signed(payload: Uint8Array, key: KeyObject): Uint8Array {
  const header = encode(new Map([[1, -35]]));
  const structure = encode(["Signature1", header, new Uint8Array(), payload]);
  const signature = sign("sha384", structure, { key, dsaEncoding: "ieee-p1363" });
  return encode([header, new Map(), payload, signature]);
}
