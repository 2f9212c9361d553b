import { gzipSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { archiveBounds, isMemberName, readTar, writeTar } from "../../core/evidence/tar.ts";

const member = (name: string, text = "x") => ({ name, bytes: Buffer.from(text) });
const refused = (bytes: Buffer) => {
  const read = readTar(bytes);
  return read.ok ? undefined : read.error;
};
/** The archive of one file, with something else at a place of its header and the sum that fits it. */
function withHeader(offset: number, text: string): Buffer {
  const bytes = writeTar([member("a", "text")]);
  bytes.write(text, offset, "latin1");
  bytes.fill(0x20, 148, 156);
  const sum = bytes.subarray(0, 512).reduce((all, byte) => all + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}

const names = fc.stringMatching(/^[a-z#._-]{1,20}(\/[a-z]{1,20})?$/).filter(isMemberName);
property.prop([fc.uniqueArray(fc.tuple(names, fc.uint8Array({ maxLength: 1_500 })), { selector: ([name]) => name })])(
  "what is written is read back, and the same files give the same bytes",
  (files) => {
    const members = files.map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) }));
    const written = writeTar(members);
    expect(readTar(written)).toEqual({ ok: true, value: members });
    expect(writeTar(members).equals(written)).toBe(true);
  },
);

property.prop([fc.nat(), fc.nat(255)])(
  "an archive in which a byte is another is another archive, or none",
  (at, byte) => {
    const members = [member("records/a.json", "one"), member("records/b.json", "two".repeat(300))];
    const written = writeTar(members);
    const place = at % written.length;
    fc.pre(written[place] !== byte);
    written[place] = byte;
    expect(readTar(written)).not.toEqual({ ok: true, value: members });
  },
);

describe("what is handed in as an archive is refused", () => {
  test.each(["../a", "a/../b", "/etc/passwd", "./a", "a//b", "a\\b", "C:a", "a b", "", "a/", "ä", "x".repeat(101)])(
    "with a file of the name %j",
    (name) => {
      expect(isMemberName(name)).toBe(false);
      expect(() => writeTar([member(name)])).toThrow();
      if (name !== "" && name.length <= 100) expect(refused(withHeader(0, name))).toBeDefined();
    },
  );

  test.each(["1", "2", "3", "5", "6", "7", "g", "x", "L", "K", "S", "\0"])("with an entry of type %j", (type) => {
    expect(refused(withHeader(156, type))).toBe("a is no plain file");
  });

  test("with a file of the same name twice", () => {
    expect(refused(writeTar([member("a"), member("b"), member("a", "another")]))).toBe("holds a twice");
  });

  test("with a link's target, an owner, a time or a prefix in a header", () => {
    for (const [offset, text] of [
      [157, "/etc/passwd"],
      [108, "0000001"],
      [136, "00000000001"],
      [345, "../.."],
      [265, "root"],
    ] as const)
      expect(refused(withHeader(offset, text))).toBe("a is no plain file");
  });

  test("with a size above the bound, negative, or in another spelling", () => {
    expect(refused(withHeader(124, (archiveBounds.memberBytes + 1).toString(8).padStart(11, "0")))).toContain("larger");
    for (const size of ["77777777777", "          4", "-0000000001", "\x80\0\0\0\0\0\0\0\0\0\x04"])
      expect(refused(withHeader(124, size))).toContain("larger than a file may be");
    expect(refused(withHeader(124, "00000077777"))).toContain("ends inside");
  });

  test("packed: nothing unfolds to more than was handed in", () => {
    expect(refused(gzipSync(writeTar([member("a")])))).toBeDefined();
  });

  test("with more files than are read", () => {
    const many = Array.from({ length: archiveBounds.members + 1 }, (_, n) => member(`f${n}`, ""));
    expect(refused(writeTar(many))).toBe("holds more files than are read");
  });

  test("cut at any block, or with something behind its end or its files", () => {
    const whole = writeTar([member("a"), member("b", "y".repeat(600))]);
    for (let at = 0; at < whole.length; at += 512) expect(refused(whole.subarray(0, at))).toBeDefined();
    expect(refused(Buffer.concat([whole, Buffer.alloc(512)]))).toBe("holds something behind its end");
    whole[514] = 1;
    expect(refused(whole)).toBe("holds something behind a");
    expect(refused(Buffer.alloc(0))).toBeDefined();
  });
});
