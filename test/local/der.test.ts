/** What the embedded cloud writes in DER, read by a library that is not ours. */
import { fc, test as property } from "@fast-check/vitest";
import { fromBER, Integer, ObjectIdentifier, type OctetString, Sequence, Set as SetOf, UTCTime } from "asn1js";
import { describe, expect } from "vitest";
import { integer, octets, oid, sequence, setOf, utcTime } from "../../local/emulator/x509/der.ts";

const read = (der: Buffer) => {
  const { offset, result } = fromBER(new Uint8Array(der));
  // all of it, and in its shortest form: written again it is the same
  expect(offset).toBe(der.length);
  return result;
};
const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
const arc = fc.integer({ min: 0, max: 2 ** 28 - 1 });

describe("DER is read as it was meant", () => {
  property.prop([fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 39 }), fc.array(arc, { maxLength: 8 })])(
    "object identifiers",
    (first, second, rest) => {
      const dotted = [first, second, ...rest].join(".");
      const found = read(oid(dotted));
      expect(found).toBeInstanceOf(ObjectIdentifier);
      expect((found as ObjectIdentifier).valueBlock.toString()).toBe(dotted);
    },
  );

  property.prop([bytes])("numbers, never negative", (value) => {
    const plain = value[0] === 0 ? Uint8Array.of(1, ...value) : value;
    const found = read(integer(plain)) as Integer;
    expect(found).toBeInstanceOf(Integer);
    expect(found.toBigInt()).toBe(BigInt(`0x${Buffer.from(plain).toString("hex")}`));
  });

  property.prop([fc.array(bytes, { maxLength: 12 })])(
    "sequences of any length, and sets in the order of their encodings",
    (all) => {
      const parts = all.map(octets);
      const content = (found: unknown) =>
        (found as Sequence).valueBlock.value.map((one) => Buffer.from((one as OctetString).valueBlock.valueHexView));
      const list = read(sequence(...parts));
      expect(list).toBeInstanceOf(Sequence);
      expect(content(list)).toEqual(all.map((one) => Buffer.from(one)));
      const set = read(setOf(...parts));
      expect(set).toBeInstanceOf(SetOf);
      const encodings = content(set).map((one) => octets(one));
      expect(encodings).toEqual(encodings.toSorted((a, b) => Buffer.compare(a, b)));
      expect(encodings).toHaveLength(all.length);
    },
  );

  property.prop([fc.integer({ min: 0, max: 2_524_607_999 })])("instants before 2050, to the second", (seconds) => {
    const found = read(utcTime(seconds)) as UTCTime;
    expect(found).toBeInstanceOf(UTCTime);
    expect(found.toDate().getTime()).toBe(seconds * 1000);
  });
});
