import { EvidenceError } from "../../error.ts";

/** What the Workload API answers for one X.509-SVID (SPIFFE Workload API, `X509SVID`). */
export interface AnsweredX509Svid {
  readonly spiffeId: string;
  /** DER certificates, one after the other, the SVID first. */
  readonly certificates: Uint8Array;
  /** PKCS #8 in DER. */
  readonly key: Uint8Array;
  readonly hint: string;
}

/** What the Workload API answers for one JWT-SVID (`JWTSVID`). */
interface AnsweredJwtSvid {
  readonly spiffeId: string;
  readonly token: string;
  readonly hint: string;
}

/** Most SVIDs of one answer: a workload has a few identities at most. */
const mostSvids = 32;

const utf8 = new TextDecoder("utf-8", { fatal: true });
const malformed = () => new EvidenceError("the Workload API's answer is not in its own format");

/** `JWTSVIDRequest`: one audience, and the identity where one is wanted. */
export function jwtSvidRequest(audience: string, spiffeId: string | undefined): Uint8Array {
  const wanted = spiffeId === undefined ? [] : [field(2, spiffeId)];
  return Buffer.concat([field(1, audience), ...wanted]);
}

/**
 * Reads an `X509SVIDResponse`.
 * @throws EvidenceError
 */
export const x509SvidsIn = (answer: Uint8Array): readonly AnsweredX509Svid[] =>
  svidsIn(answer).map((fields) => ({
    spiffeId: text(fields, 1),
    certificates: bytes(fields, 2),
    key: bytes(fields, 3),
    hint: text(fields, 5),
  }));

/**
 * Reads a `JWTSVIDResponse`.
 * @throws EvidenceError
 */
export const jwtSvidsIn = (answer: Uint8Array): readonly AnsweredJwtSvid[] =>
  svidsIn(answer).map((fields) => ({ spiffeId: text(fields, 1), token: text(fields, 2), hint: text(fields, 3) }));

type Fields = readonly { readonly number: number; readonly value: Uint8Array }[];

/** Both responses have their SVIDs in field 1. */
function svidsIn(answer: Uint8Array): readonly Fields[] {
  const found = fieldsIn(answer).filter(({ number }) => number === 1);
  if (found.length > mostSvids) throw new EvidenceError(`the Workload API answered more than ${mostSvids} SVIDs`);
  return found.map(({ value }) => fieldsIn(value));
}

const bytes = (fields: Fields, number: number): Uint8Array =>
  // the last one counts where a field stands twice, as protobuf has it
  fields.findLast((each) => each.number === number)?.value ?? new Uint8Array();

function text(fields: Fields, number: number): string {
  try {
    return utf8.decode(bytes(fields, number));
  } catch {
    throw malformed();
  }
}

/** Fields of wire type 2; those of other types are skipped, since no message of ours has any. */
function fieldsIn(message: Uint8Array): Fields {
  const fields: { number: number; value: Uint8Array }[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 10; shift++) {
      const byte = message[at++];
      if (byte === undefined) throw malformed();
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value;
    }
    throw malformed();
  };
  // each turn moves on by a byte at least, and the message is bounded
  while (at < message.length) {
    const tag = varint();
    const [number, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) varint();
    else {
      const length = type === 2 ? varint() : type === 1 ? 8 : type === 5 ? 4 : Number.NaN;
      if (number === 0 || !(length <= message.length - at)) throw malformed();
      if (type === 2) fields.push({ number, value: message.subarray(at, at + length) });
      at += length;
    }
  }
  return fields;
}

function field(number: number, value: string): Uint8Array {
  const content = Buffer.from(value, "utf8");
  const head = [number * 8 + 2];
  let length = content.length;
  for (; length >= 0x80; length = Math.floor(length / 0x80)) head.push((length % 0x80) + 0x80);
  return Buffer.concat([Buffer.from([...head, length]), content]);
}
