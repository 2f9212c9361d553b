/** One element (X.690 8.1, DER), its length in as many octets as it needs, two at most. */
export const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
/** Members in the order they are given: whoever needs DER's order gives them so. */
export const setOf = (...parts: readonly Uint8Array[]): Buffer => der(0x31, ...parts);
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]));
/** @param value below 128 */
export const integer = (value: number): Buffer => der(0x02, Buffer.from([value]));
export const octets = (value: Uint8Array): Buffer => der(0x04, value);
export const nothing: Buffer = der(0x05);
export const oid = (dotted: string): Buffer => {
  const [a = 0, b = 0, ...rest] = dotted.split(".").map(Number);
  const base128 = (n: number): number[] => [...(n > 127 ? base128(n >> 7).map((x) => x | 0x80) : []), n & 0x7f];
  return der(0x06, Buffer.from([a * 40 + b, ...rest.flatMap(base128)]));
};
export const utcTime = (seconds: number): Buffer => {
  const text = new Date(seconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(text.slice(2)));
};
