/**
 * Turns KMS's signature into JOSE's: DER SEQUENCE { r, s } (RFC 3279 2.2.3) to 32 + 32 bytes (RFC 7518 3.4). DER drops
 * leading zeros and adds one before a set top bit, so either number may be shorter or one byte longer than 32.
 * @throws when the bytes are anything but strict DER of two positive numbers of at most 32 bytes
 */
export function derToJose(der: Uint8Array): Uint8Array {
  const bytes = Buffer.from(der);
  // a P-256 signature has at most 72 bytes: lengths never need the long form
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2 || bytes.length > 72) throw malformed("no sequence");
  const r = integerAt(bytes, 2);
  const s = integerAt(bytes, r.next);
  if (s.next !== bytes.length) throw malformed("bytes after s");
  return Buffer.concat([r.value, s.value]);
}

function integerAt(bytes: Buffer, at: number): { value: Buffer; next: number } {
  const length = bytes[at + 1];
  if (bytes[at] !== 0x02 || length === undefined || length === 0) throw malformed("no integer");
  const next = at + 2 + length;
  const content = bytes.subarray(at + 2, next);
  if (content.length !== length) throw malformed("an integer is cut off");
  const [first = 0, second = 0] = content;
  if (first >= 0x80) throw malformed("a negative number");
  if (first === 0 && length > 1 && second < 0x80) throw malformed("a padded number");
  const digits = first === 0 ? content.subarray(1) : content;
  if (digits.length === 0) throw malformed("zero");
  if (digits.length > 32) throw malformed("more than 32 bytes");
  return { value: Buffer.concat([Buffer.alloc(32 - digits.length), digits]), next };
}

const malformed = (what: string) => new Error(`KMS answered a signature that is not ECDSA in DER: ${what}`);
