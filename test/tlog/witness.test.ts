import { sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../../core/tlog/checkpoint.ts";
import { emptyRoot } from "../../core/tlog/hash.ts";
import { signatureLine, splitNote } from "../../core/tlog/note.ts";
import type { NoteKey } from "../../core/tlog/note-key.ts";
import { verifyConsistency } from "../../core/tlog/proof.ts";
import { verifyTrail } from "../../core/tlog/trail/verify-trail.ts";
import { askWitness, isWitnessed, readWitnessAnswer, type Witness, witnessRequest } from "../../core/tlog/witness.ts";
import { type MemoryLog, memoryLog, privateKeyOf, publicKeyOf, signerOf } from "../kit/memory/log.ts";
import { memoryTrail } from "../kit/memory/trail.ts";

const keyOf = (name: string): NoteKey => ({ name, type: "cosignature", publicKey: publicKeyOf(privateKeyOf(name)) });

/** Signs a checkpoint as a witness, with what nobody looks at left out. */
function cosign(name: string, checkpoint: string, timeSeconds = 1_700_000_000): string {
  const split = splitNote(checkpoint);
  if (!split.ok) throw new Error(split.error);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(timeSeconds));
  const message = `cosignature/v1\ntime ${timeSeconds}\n${split.value.text}`;
  return signatureLine(keyOf(name), Buffer.concat([time, sign(null, Buffer.from(message), privateKeyOf(name))]));
}

/** A witness by the published protocol, for one log: it signs what continues the tree that it signed before. */
function witnessOf(log: MemoryLog, name = "witness.example/w1") {
  let held = { size: 0, root: emptyRoot };
  const asked: string[] = [];
  const witness: Witness = {
    keys: [keyOf(name)],
    async addCheckpoint(body) {
      asked.push(body);
      const [head = "", ...rest] = body.split("\n");
      const old = Number(/^old (\d+)$/.exec(head)?.[1]);
      const empty = rest.indexOf("");
      const proof = rest.slice(0, empty).map((line) => Buffer.from(line, "base64"));
      const checkpoint = rest.slice(empty + 1).join("\n");
      const open = openCheckpoint(checkpoint, { origin: log.origin, keys: [log.signer] });
      if (!open.ok) return { status: 403, body: "" };
      if (old !== held.size) return { status: 409, contentType: "text/x.tlog.size", body: `${held.size}\n` };
      if (!verifyConsistency(held, open.value, proof)) return { status: 422, body: "" };
      held = open.value;
      return { status: 200, body: cosign(name, checkpoint) };
    },
  };
  return { witness, asked };
}

const entriesOf = (count: number) => Array.from({ length: count }, (_, n) => Buffer.from(`entry ${n}`));
const treeOf = (log: MemoryLog) => ({ size: log.size, read: log.read });

test("a request has the published form: old size, proof, empty line, checkpoint (C2SP tlog-witness)", () => {
  const proof = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  expect(witnessRequest(7, proof, "a\n8\nb\n\n— s x\n")).toBe(
    `old 7\n${proof.map((hash) => `${hash.toString("base64")}\n`).join("")}\na\n8\nb\n\n— s x\n`,
  );
  expect(witnessRequest(0, [], "c\n")).toBe("old 0\n\nc\n");
  expect(() => witnessRequest(1, Array(64).fill(emptyRoot), "c\n")).toThrow(RangeError);
});

test("a witness signs each checkpoint that continues the last, from the size that it knows", async () => {
  const log = memoryLog();
  const { witness, asked } = witnessOf(log);
  let checkpoint = await log.add(...entriesOf(300));
  const first = await askWitness(witness, { tree: treeOf(log), checkpoint, knownSize: 0 });
  checkpoint = await log.add(...entriesOf(400));
  const second = await askWitness(witness, { tree: treeOf(log), checkpoint, knownSize: 300 });
  expect([first, second]).toMatchObject([{ ok: true }, { ok: true }]);
  expect(asked).toHaveLength(2);
  const open = openCheckpoint(`${checkpoint}${second.ok ? second.value : ""}`, {
    ...{ origin: log.origin, keys: [log.signer], witnesses: witness.keys },
  });
  expect(open).toMatchObject({ value: { signatures: [{}, { key: witness.keys[0], timeSeconds: 1_700_000_000 }] } });
});

test("a witness that knows another size is asked once more, from there", async () => {
  const log = memoryLog();
  const { witness, asked } = witnessOf(log);
  let checkpoint = await log.add(...entriesOf(300));
  await askWitness(witness, { tree: treeOf(log), checkpoint, knownSize: 0 });
  checkpoint = await log.add(...entriesOf(10));
  expect(await askWitness(witness, { tree: treeOf(log), checkpoint, knownSize: 5 })).toMatchObject({ ok: true });
  expect(asked.map((body) => body.split("\n")[0])).toEqual(["old 0", "old 5", "old 300"]);
});

describe("a witness gives nothing, and stops nobody", () => {
  const answering = async (answer: Partial<Awaited<ReturnType<Witness["addCheckpoint"]>>> | Error) => {
    const log = memoryLog();
    const checkpoint = await log.add(...entriesOf(3));
    let asked = 0;
    const witness: Witness = {
      keys: [keyOf("w")],
      addCheckpoint: async () => {
        asked += 1;
        if (answer instanceof Error) throw answer;
        return { status: 200, body: "", ...answer };
      },
    };
    const said = await askWitness(witness, { tree: treeOf(log), checkpoint, knownSize: 0 });
    return { said, asked };
  };
  const conflict = (body: string) => ({ status: 409, contentType: "text/x.tlog.size", body });

  test.each([
    ["when it is down", new Error("connect")],
    ["when it refuses", { status: 403 }],
    ["when it conflicts without a size", { status: 409, body: "3\n" }],
    ["when it names no size", conflict("many\n")],
    ["when it knows a larger tree", conflict("4\n")],
    ["when its answer is no signature line", { body: "thanks\n" }],
    ["when its answer is another text", { body: `\n\n— w AAAAAAAA\n` }],
    ["when its signature is wrong", { body: signatureLine(keyOf("w"), Buffer.alloc(72)) }],
    ["when only strangers signed", { body: signatureLine(signerOf("x"), Buffer.alloc(64)) }],
  ])("%s", async (_, answer) => {
    expect(await answering(answer)).toMatchObject({ said: { ok: false }, asked: 1 });
  });

  test("when it asks for another size each time: it is asked twice", async () => {
    expect(await answering(conflict("1\n"))).toMatchObject({ said: { ok: false }, asked: 2 });
  });
});

test("lines of keys that nobody configured stay out of the checkpoint", async () => {
  const checkpoint = await memoryLog().add(...entriesOf(3));
  const body = `${cosign("stranger", checkpoint)}${cosign("w", checkpoint)}`;
  expect(readWitnessAnswer({ status: 200, body }, checkpoint, [keyOf("w")])).toEqual({
    ok: true,
    value: { kind: "cosigned", lines: cosign("w", checkpoint) },
  });
});

describe("k of n witnesses", () => {
  const [one, two, three] = ["one", "two", "three"].map(keyOf) as [NoteKey, NoteKey, NoteKey];

  test("are counted by key, each once, and only those of the list", () => {
    const witnesses = { keys: [one, two], quorum: 2 };
    expect(isWitnessed([{ key: one }, { key: two }], witnesses)).toBe(true);
    expect(isWitnessed([{ key: one }, { key: one }], witnesses)).toBe(false);
    expect(isWitnessed([{ key: one }, { key: three }], witnesses)).toBe(false);
    const again = { ...one, name: "one under another name" };
    expect(isWitnessed([{ key: one }, { key: again }], { keys: [one, again], quorum: 2 })).toBe(false);
    expect(isWitnessed([], { ...witnesses, quorum: 0 })).toBe(true);
  });

  test("are demanded of the current checkpoint where the verifier knows them", async () => {
    const trail = await memoryTrail([3]);
    const codes = async (quorum: number) => {
      const log = { ...trail.question.log, witnesses: { keys: [one, two], quorum } };
      return Object.keys((await verifyTrail(trail.ports, { ...trail.question, log })).counts);
    };
    const plain = trail.log.files.get("checkpoint")?.toString() ?? "";
    trail.log.files.set("checkpoint", Buffer.from(`${plain}${cosign("one", plain)}`));
    expect(await codes(1)).toEqual([]);
    expect(await codes(2)).toEqual(["checkpoint.unwitnessed"]);
    trail.log.files.set("checkpoint", Buffer.from(`${plain}${cosign("one", plain)}${cosign("two", plain)}`));
    expect(await codes(2)).toEqual([]);
  });
});
