import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { busLimits } from "../../../core/endpoints/relay.ts";
import { packBody, unpackBody } from "../../../lambdas/aws/dynamodb/record-body.ts";

const malformed = { ok: false, error: "malformed" };
const words = JSON.stringify({ metadata: { version: "1.8.0", product: { name: "Lanyard", vendor_name: "Lanyard" } } });

/** What another could have put behind the version's byte, packed without our words. */
const packedBy = (bytes: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(1), deflateRawSync(bytes)]);

describe("a record's body", () => {
  test.prop([fc.oneof(fc.string({ unit: "binary", maxLength: 5_000 }), fc.json({ maxDepth: 4 }))])(
    "comes back byte for byte, whatever it says",
    (body) => {
      expect(unpackBody(packBody(body))).toEqual({ ok: true, value: body });
    },
  );

  test.each([
    ["nothing", ""],
    ["a byte order mark before its text", "\uFEFF{}"],
    ["text of four bytes a sign", "🪪".repeat(200)],
    ["as much as a record holds, of which nothing is said twice", randomBytes(50_000).toString("hex")],
    ["all that the bus takes", "x".repeat(busLimits.bytes)],
  ])("comes back when it is %s", (_, body) => {
    expect(unpackBody(packBody(body))).toEqual({ ok: true, value: body });
  });

  test("of version 1 is read by every later release: all of its words stay as they are", () => {
    // the words themselves, packed by the release that wrote them first
    const kept = "Ae3WgQAAAADDIJf7Qw7kRdGEWIiFWIiFWIiFWIiFWIifQxw=";
    const unpacked = unpackBody(Buffer.from(kept, "base64"));
    expect(
      createHash("sha256")
        .update(unpacked.ok ? unpacked.value : "")
        .digest("hex"),
    ).toBe("26971e934c611d70c655b6c0277647d207fe7bcb38fca973e94e9ba38cec07cf");
  });

  test("is printed to a person by the runbook's command", () => {
    const root = new URL("../../../", import.meta.url);
    const line = readFileSync(new URL("docs/runbook.md", root), "utf8")
      .split("\n")
      .find((each) => each.includes("unpackBody"));
    const script = /^node --input-type=module -e '([^']+)' "<image\.body\.B>"$/.exec(line ?? "")?.[1] ?? "";
    const packed = Buffer.from(packBody(words)).toString("base64");
    const printed = execFileSync(process.execPath, ["--input-type=module", "-e", script, packed], { cwd: root });
    expect(printed.toString()).toContain(`value: '${words}'`);
  });
});

describe("threat 23: what somebody else wrote in a record's place", () => {
  test("is given up at the bus's bytes, however much it would unpack to", () => {
    const bomb = packedBy(Buffer.alloc(30_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    const before = process.memoryUsage().arrayBuffers;
    expect(unpackBody(bomb)).toEqual({ ok: false, error: "too large for the bus" });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
    expect(unpackBody(packedBy(Buffer.alloc(busLimits.bytes + 1)))).toEqual({
      ok: false,
      error: "too large for the bus",
    });
  });

  test("is no record when it is cut short, anywhere", () => {
    const whole = packBody(`${words}${randomBytes(40).toString("hex")}`);
    for (let length = 0; length < whole.length; length++)
      expect(unpackBody(whole.subarray(0, length)), String(length)).toEqual(malformed);
  });

  test.prop([fc.uint8Array({ minLength: 1, maxLength: 50 })])("is no record when it goes on behind its end", (more) => {
    expect(unpackBody(Buffer.concat([packBody(words), more]))).toEqual(malformed);
  });

  test.each([
    ["no UTF-8", Buffer.of(0x22, 0xff, 0x22)],
    ["a lone surrogate", Buffer.of(0xed, 0xa0, 0x80)],
    ["UTF-8 that ends amid a sign", Buffer.from("ü").subarray(0, 1)],
  ])("is no record when it unpacks to %s: its bytes would not be the bus's", (_, bytes) => {
    expect(unpackBody(packedBy(bytes))).toEqual(malformed);
  });

  test.prop([fc.uint8Array({ minLength: 1, maxLength: 300 })])("never throws, whatever it is", (bytes) => {
    expect(unpackBody(bytes)).toHaveProperty("ok");
    expect(unpackBody(Buffer.concat([Buffer.of(1), bytes]))).toHaveProperty("ok");
  });

  test.each([0, 2, 255])("or a later release under version %i says that it is not known here", (version) => {
    const packed = Buffer.from(packBody(words));
    packed[0] = version;
    expect(unpackBody(packed)).toEqual({ ok: false, error: "packed in a way that is not known here" });
  });
});
