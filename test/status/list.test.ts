import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { statusAt } from "../../core/verify/status/bits.ts";
import { decodeStatusList, encodeStatusList, statusListClaims } from "../../core/verify/status/list.ts";
import vectors from "../vectors/status/status-list.json" with { type: "json" };

const mebibit = { maxBytes: 2 ** 20 };

const decoded = (lst: unknown, bits: unknown, bounds = mebibit) => {
  const list = decodeStatusList(lst, bits, bounds);
  if (!list.ok) throw new Error(list.error);
  return list.value;
};

describe("the standard's vectors", () => {
  test.each(vectors.vectors)("reads every entry of $name", (vector) => {
    const list = decoded(vector.lst, vector.bits);
    const statuses = new Map(Object.entries(vector.statuses).map(([idx, value]) => [Number(idx), value]));
    const size = (list.bytes.length * 8) / list.bits;
    let wrong = 0;
    for (let idx = 0; idx < size; idx++) {
      const value = statusAt(list, idx);
      if (!value.ok || value.value !== (statuses.get(idx) ?? 0)) wrong++;
    }
    expect(wrong).toBe(0);
    expect(size).toBeGreaterThan(Math.max(...statuses.keys()));
  });

  test.each([1, 2, 4, 8] as const)("reads all 2^20 entries of a list of %d bits, packed by hand", (bits) => {
    const size = 2 ** 20;
    const bytes = Buffer.alloc((size * bits) / 8);
    // every value at many places, and both ends
    const valueAt = (idx: number) => (idx === size - 1 ? 2 ** bits - 1 : idx % 997 === 0 ? (idx / 997) % 2 ** bits : 0);
    for (let idx = 0; idx < size; idx++) {
      const at = Math.floor((idx * bits) / 8);
      bytes.writeUInt8(bytes.readUInt8(at) | (valueAt(idx) << ((idx * bits) % 8)), at);
    }
    const list = decoded(deflateSync(bytes).toString("base64url"), bits, { maxBytes: size });
    let wrong = 0;
    for (let idx = 0; idx < size; idx++) {
      const value = statusAt(list, idx);
      if (!value.ok || value.value !== valueAt(idx)) wrong++;
    }
    expect(wrong).toBe(0);
    expect(statusAt(list, size).ok).toBe(false);
  });

  test.each(vectors.vectors.filter((v) => v.bits === 1))("packs $name to the same bits", (vector) => {
    const list = decoded(vector.lst, 1);
    const revoked = Object.entries(vector.statuses).flatMap(([idx, value]) => (value === 1 ? [Number(idx)] : []));
    const again = decoded(encodeStatusList(revoked, list.bytes.length * 8), 1);
    expect(Buffer.from(again.bytes).equals(Buffer.from(list.bytes))).toBe(true);
  });

  test.each(vectors.negative_lists)("refuses the list $name: $why", ({ status_list: packed }) => {
    const { bits, lst } = packed as { bits?: unknown; lst?: unknown };
    expect(decodeStatusList(lst, bits, mebibit).ok).toBe(false);
  });

  test.each(vectors.index_cases.filter((c) => String(c.expected).startsWith("error")))(
    "refuses the index of $name",
    ({ bits, lst, idx }) => {
      expect(statusAt(decoded(lst, bits), idx).ok).toBe(false);
    },
  );

  test.each(vectors.index_cases.filter((c) => !String(c.expected).startsWith("error")))(
    "never calls $name valid",
    ({ bits, lst, idx, expected }) => {
      const value = statusAt(decoded(lst, bits), idx);
      expect(value.ok && value.value).toBe(typeof expected === "number" ? expected : 0x0b);
    },
  );
});

describe("properties", () => {
  const revokedOf = fc.uniqueArray(fc.nat({ max: 1023 }));

  test.prop([revokedOf])("reads back exactly the revoked entries", (revoked) => {
    const list = decoded(encodeStatusList(revoked, 1024), 1);
    const read = Array.from({ length: 1024 }, (_, idx) => idx).filter((idx) => {
      const value = statusAt(list, idx);
      return value.ok && value.value === 1;
    });
    expect(read).toEqual([...revoked].sort((a, b) => a - b));
  });

  test.prop([fc.string()])("never throws on a stranger's list", (lst) => {
    expect(typeof decodeStatusList(lst, 1).ok).toBe("boolean");
  });

  test.prop([fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(511)])(
    "refuses or reads alike a list with one flipped bit, and never inflates beyond its bound",
    (bytes, flip) => {
      const packed = deflateSync(bytes);
      const at = flip % packed.length;
      packed[at] = (packed[at] ?? 0) ^ (1 << (flip % 8));
      const list = decodeStatusList(packed.toString("base64url"), 1, { maxBytes: 64 });
      expect(list.ok ? list.value.bytes.length : 0).toBeLessThanOrEqual(64);
    },
  );
});

describe("hostile lists", () => {
  test("refuses a zip bomb without unpacking it", () => {
    const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 }).toString("base64url");
    const before = process.memoryUsage().arrayBuffers;
    expect(decodeStatusList(bomb, 1, { maxBytes: 1024 * 1024 })).toEqual({
      ok: false,
      error: "the list unpacks to more than 1048576 bytes",
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });

  test("refuses a bomb smaller than its bound on the wire by default, too", () => {
    const bomb = deflateSync(Buffer.alloc(1024 * 1024), { level: 9 }).toString("base64url");
    expect(decodeStatusList(bomb, 1)).toEqual({ ok: false, error: "the list unpacks to more than 8192 bytes" });
  });

  test.each([
    ["gzip", gzipSync(Buffer.alloc(8))],
    ["raw deflate", deflateRawSync(Buffer.alloc(8))],
    ["a wrong Adler checksum", Buffer.concat([deflateSync(Buffer.alloc(8)).subarray(0, -1), Buffer.from([0xff])])],
    ["bytes after the stream", Buffer.concat([deflateSync(Buffer.alloc(8)), Buffer.from("more")])],
    ["a second stream after the first", Buffer.concat([deflateSync(Buffer.alloc(8)), deflateSync(Buffer.alloc(8))])],
    ["an empty list", deflateSync(Buffer.alloc(0))],
    ["a stream cut short", deflateSync(Buffer.alloc(8)).subarray(0, -5)],
  ])("refuses %s", (_, packed) => {
    expect(decodeStatusList(packed.toString("base64url"), 1).ok).toBe(false);
  });

  test("refuses a list with dangling bits in its base64url", () => {
    // 13 bytes leave 4 dangling bits in the last character
    const lst = Buffer.concat([deflateSync(Buffer.alloc(5, 1))]).toString("base64url");
    const last = lst.at(-1) ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const other = alphabet[alphabet.indexOf(last) ^ 1] ?? "";
    expect(Buffer.from(lst, "base64url").length % 3).not.toBe(0);
    expect(decodeStatusList(lst, 1).ok).toBe(true);
    expect(decodeStatusList(lst.slice(0, -1) + other, 1)).toEqual({
      ok: false,
      error: "lst is not canonical base64url",
    });
  });

  test.each([8, -1, 0.5, Number.NaN, 2 ** 53, "0", null, undefined, {}])(
    "refuses index %j of an 8-entry list",
    (idx) => {
      expect(statusAt(decoded(encodeStatusList([], 8), 1), idx).ok).toBe(false);
    },
  );
});

describe("making lists", () => {
  test.each([[-1], [8], [0.5], [Number.NaN]])("throws rather than lose the revocation of index %d", (idx) => {
    expect(() => encodeStatusList([idx], 8)).toThrow(RangeError);
  });

  test.each([0, 7, -8, 8.5])("throws on a list of %d entries", (size) => {
    expect(() => encodeStatusList([], size)).toThrow(RangeError);
  });

  test("threat 26: a list names its own address and dies within two minutes", () => {
    const claims = statusListClaims({ issuer: "https://id.example", list: "l1", revoked: [3], nowSeconds: 1000 });
    expect(claims).toMatchObject({ sub: "https://id.example/status/l1", iat: 1000, exp: 1120, ttl: 5 });
    expect(statusAt(decoded(claims.status_list.lst, 1), 3)).toEqual({ ok: true, value: 1 });
    expect(statusAt(decoded(claims.status_list.lst, 1), 65_535)).toEqual({ ok: true, value: 0 });
    expect(statusAt(decoded(claims.status_list.lst, 1), 65_536).ok).toBe(false);
  });
});
