import { createHash, createPublicKey, sign } from "node:crypto";
import { encode } from "cborg";
import type { TestKey } from "../wire/key.ts";
import { type CertificateShape, ecPair, issue, type TestCertificate } from "./certificates.ts";

/** A look-alike of the Nitro root and the instance below it, made when it is needed. */
interface TestNitro {
  /** DER, to be trusted instead of AWS's. */
  readonly root: Uint8Array;
  /** An attestation document over these members, under leaf and COSE as changed. */
  document(members?: Readonly<Record<string, unknown>>, changes?: NitroChanges): Buffer;
}

/** How a document differs from a sound one; its signature is good all the same, unless said otherwise. */
export interface NitroChanges {
  readonly leaf?: CertificateShape;
  /** Of the instance's certificate, which signs the leaf. */
  readonly instance?: CertificateShape;
  /** A member by this name instead of `pcrs`. */
  readonly pcrsAs?: string;
  readonly algorithm?: number;
  readonly unprotected?: ReadonlyMap<number, unknown>;
  /** Signs with another key than the leaf's. */
  readonly foreign?: boolean;
  /** One more CA between instance and leaf. */
  readonly longer?: boolean;
}

/** 2026-08-01T00:00:00Z, inside the validity of every certificate made here. */
export const nitroClock = 1_785_542_400;
/** Of the enclave below. */
export const nitroModule = "i-0123456789abcdef0-enc0123456789abcdef";
const p384 = () => ecPair("P-384");

/** PCRs of a production enclave: an image, a role and an instance, no signed image. */
export const nitroPcrs = (): Map<number, Uint8Array> =>
  new Map(
    Array.from({ length: 16 }, (_, index) => [
      index,
      index < 5 ? createHash("sha384").update(`pcr${index}`).digest() : Buffer.alloc(48),
    ]),
  );

/** The key's SubjectPublicKeyInfo in DER, as an enclave puts it into `public_key`. */
export const spkiOf = (key: TestKey): Buffer =>
  createPublicKey({ key: { kty: "EC", ...key.jwk }, format: "jwk" }).export({ format: "der", type: "spki" });

/** Makes a root; `document` makes what hangs below it. */
export function testNitro(): TestNitro {
  const root = issue({ subject: "aws.nitro-enclaves", ca: true, key: p384() });
  return { root: root.der, document: (members, changes) => document(root, members ?? {}, changes ?? {}) };
}

function document(root: TestCertificate, members: Readonly<Record<string, unknown>>, changes: NitroChanges): Buffer {
  const { pcrsAs = "pcrs", algorithm = -35, unprotected = new Map() } = changes;
  const zonal = issue({ subject: "zonal", ca: true, pathLength: 1, key: p384() }, root);
  const instance = issue({ subject: "instance", ca: true, pathLength: 0, key: p384(), ...changes.instance }, zonal);
  const extra = changes.longer ? [issue({ subject: "extra", ca: true, key: p384() }, instance)] : [];
  const leaf = issue({ subject: `${nitroModule}.eu-west-1.aws`, key: p384(), ...changes.leaf }, extra[0] ?? instance);
  const said = {
    module_id: nitroModule,
    digest: "SHA384",
    timestamp: nitroClock * 1000,
    [pcrsAs]: nitroPcrs(),
    certificate: leaf.der,
    cabundle: [root.der, zonal.der, instance.der, ...extra.map((c) => c.der)],
    ...members,
  };
  const payload = encode(new Map(Object.entries(said).filter(([, value]) => value !== undefined)));
  const header = encode(new Map([[1, algorithm]]));
  const input = encode(["Signature1", header, new Uint8Array(), payload]);
  const key = changes.foreign ? p384().privateKey : leaf.privateKey;
  const signature = sign("sha384", input, { key, dsaEncoding: "ieee-p1363" });
  return Buffer.from(encode([header, unprotected, payload, signature]));
}
