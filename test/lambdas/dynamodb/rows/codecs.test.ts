import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { BrokenRow, type Item } from "../../../../lambdas/aws/dynamodb/codec.ts";
import { leaseOf } from "../../../../lambdas/aws/dynamodb/lists/status-leases.ts";
import { epochOf } from "../../../../lambdas/aws/dynamodb/revocations/epoch-rows.ts";
import { failureReply } from "../../../../lambdas/http/failure.ts";
import { kinds } from "./kinds.ts";

type Path = readonly (string | number)[];

/** As a table gives it back: what was undefined is not there. */
const stored = (item: Item): Item =>
  Object.fromEntries(Object.entries(structuredClone(item)).filter(([, value]) => value !== undefined));

/** Every place of a row, texts of JSON taken as texts. */
function pathsOf(value: unknown, at: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, one]) => pathsOf(one, [...at, name]))];
}

const valueAt = (item: Item, path: Path): unknown =>
  path.reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], item);

function replaced(item: Item, path: Path, by: unknown): Item {
  const copy = structuredClone(item) as Record<string, unknown>;
  const holder = valueAt(copy, path.slice(0, -1)) as Record<string, unknown>;
  holder[path.at(-1) ?? ""] = by;
  return copy;
}

const secret = "secret-value-that-nobody-may-log";
/** A value of another type than the one that stands there. */
const wrong = (value: unknown): unknown =>
  typeof value === "object" && !Array.isArray(value) ? [secret] : { [secret]: secret };

function brokenBy(decode: (item: Item) => unknown, item: Item): string {
  try {
    decode(item);
  } catch (failure) {
    expect(failure).toBeInstanceOf(BrokenRow);
    return (failure as Error).message;
  }
  throw new Error(`a broken row was read: ${JSON.stringify(item)}`);
}

describe.each(kinds)("a row of kind $name", ({ table, key, values, encode, decode, optional }) => {
  test.prop([values])("comes back as it was written", (value) => {
    expect(decode(stored(encode(value)))).toEqual(value);
  });

  test.prop([values])("throws and names table, key and member when a member is missing", (value) => {
    const item = stored(encode(value));
    for (const name of Object.keys(item).filter((one) => !optional.includes(one))) {
      const { [name]: _, ...rest } = item;
      const message = brokenBy(decode, rest);
      expect(message).toContain(`row of ${table} (${key} `);
      expect(message).toContain(name);
    }
  });

  test.prop([values, fc.nat()])("throws, and quotes nothing, when a member is of another type", (value, pick) => {
    const item = stored(encode(value));
    const paths = pathsOf(item).filter(({ length }) => length > 0);
    const path = paths[pick % paths.length] ?? [];
    expect(brokenBy(decode, replaced(item, path, wrong(valueAt(item, path))))).not.toContain(secret);
  });

  test.prop([values, fc.nat()])("throws when a map has a member that this version does not know", (value, pick) => {
    const item = stored(encode(value));
    const maps = pathsOf(item).filter((path) => {
      const found = valueAt(item, path);
      return typeof found === "object" && found !== null && !Array.isArray(found);
    });
    const path = maps[pick % maps.length] ?? [];
    expect(brokenBy(decode, replaced(item, [...path, "boundOfTomorrow"], [secret]))).toContain("boundOfTomorrow");
  });
});

describe("text that must be JSON", () => {
  const claims = kinds.find(({ name }) => name === "handle");
  test.prop([claims?.values ?? fc.constant(undefined)])("is never quoted when it is none", (value) => {
    const item = { ...stored(claims?.encode(value) ?? {}), claims: `{"a":"${secret}` };
    expect(brokenBy((row) => claims?.decode(row), item)).toMatch(/claims is no JSON text/);
  });
});

describe("a registration", () => {
  const registrations = kinds.find(({ name }) => name === "registration");
  test.prop([registrations?.values ?? fc.constant(undefined), fc.nat()])(
    "throws where the text holds what was never applied",
    (value, pick) => {
      const item = stored(registrations?.encode(value) ?? {});
      const row = JSON.parse(String(item.row)) as Item;
      const paths = pathsOf(row).filter((path) => path.length > 0 && path[0] !== "schema");
      const path = paths[pick % paths.length] ?? [];
      const broken = { ...item, row: JSON.stringify(replaced(row, path, wrong(valueAt(row, path)))) };
      expect(brokenBy((one) => registrations?.decode(one), broken)).not.toContain(secret);
    },
  );

  test.prop([registrations?.values ?? fc.constant(undefined)])("throws under another's key", (value) => {
    const item = stored(registrations?.encode(value) ?? {});
    for (const other of [
      { ...item, name: `${String(item.name)}x` },
      { ...item, kind: "00000007#claim" },
    ])
      expect(brokenBy((one) => registrations?.decode(one), other)).toContain("apply the registry again");
  });
});

describe("a row of revocation epochs", () => {
  const whole = fc.nat(2_000_000_000);
  const columns = fc.record(
    {
      of: fc.string({ minLength: 1 }),
      generation: whole,
      cutAtSeconds: whole,
      lifted: fc.boolean(),
      registryVersion: whole,
    },
    { requiredKeys: [] },
  );

  test.prop([columns, fc.array(whole, { maxLength: 3 })])("tells what its updates wrote", (given, denylisted) => {
    const names = Object.fromEntries(denylisted.map((at, n) => [`burnt n${n}`, at]));
    const read = epochOf({ subject: "standing#x", ...given, ...names });
    expect(read.epoch).toBe(given.generation ?? 0);
    expect(read.blocked).toBe(false);
    expect(read.cutAtSeconds).toBe(given.cutAtSeconds);
    expect(read.denylistedAtSeconds).toBe(denylisted.length > 0 ? Math.max(...denylisted) : undefined);
  });

  test.prop([fc.anything()])("blocks by anything but a clear false", (blocked) => {
    const item = { subject: "standing#x", ...(blocked === undefined ? {} : { blocked }) };
    expect(epochOf(item).blocked).toBe(blocked !== undefined && blocked !== false);
  });

  test.prop([
    fc.constantFrom(
      "of",
      "generation",
      "cutAtSeconds",
      "lifted",
      "registryVersion",
      "autoQuarantines",
      "reported",
      "reportedGone",
      "burnt x",
      "unknown",
    ),
  ])("throws by any other column of another type, never reads it as none", (name) => {
    expect(brokenBy(epochOf, { subject: "standing#x", [name]: [secret] })).toContain("standing#x");
  });
});

describe("a counter of leases", () => {
  const row = { root: "status#2026080100", sid: "lease", position: 640, expiresAt: 1 };
  test.prop([fc.dictionary(fc.nat(9).map(String), fc.nat(640), { maxKeys: 4 })])("tells each first block", (firsts) => {
    const named = Object.fromEntries(Object.entries(firsts).map(([epoch, at]) => [`first#${epoch}`, at]));
    expect(Object.fromEntries(leaseOf({ ...row, ...named }).firsts)).toEqual({ ...firsts });
  });

  test.prop([fc.constantFrom("position", "expiresAt", "first#1", "unknown")])("throws by a wrong column", (name) => {
    expect(brokenBy(leaseOf, { ...row, [name]: "7" })).toContain("status#2026080100");
  });
});

test("a broken row is the service's own fault: 500, and nothing of it leaves", () => {
  const reply = failureReply(new BrokenRow(`a row of sessions (root ${secret})`));
  expect(reply.status).toBe(500);
  expect(JSON.stringify(reply)).not.toContain(secret);
});
