import { sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createSealer } from "../../core/endpoints/sealer.ts";
import { openCheckpoint } from "../../core/tlog/checkpoint.ts";
import { signatureLine, splitNote } from "../../core/tlog/note.ts";
import type { NoteKey } from "../../core/tlog/note-key.ts";
import type { Witness } from "../../core/tlog/witness.ts";
import { privateKeyOf, publicKeyOf } from "../kit/memory/log.ts";
import { createLog, Died, type Gate, type Log, origin } from "./ground.ts";

const keyOf = (name: string): NoteKey => ({ name, type: "cosignature", publicKey: publicKeyOf(privateKeyOf(name)) });
const checkpointIn = (body: string): string => body.slice(body.indexOf("\n\n") + 2);

/** Signs a checkpoint as a witness does (C2SP tlog-cosignature). */
function cosign(name: string, body: string): string {
  const split = splitNote(checkpointIn(body));
  if (!split.ok) throw new Error(split.error);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(1_700_000_000n);
  const text = `cosignature/v1\ntime 1700000000\n${split.value.text}`;
  return signatureLine(keyOf(name), Buffer.concat([time, sign(null, Buffer.from(text), privateKeyOf(name))]));
}
const witness = (name: string, answer: (body: string) => string | Promise<string>): Witness => ({
  keys: [keyOf(name)],
  addCheckpoint: async (body) => ({ status: 200, body: await answer(body) }),
});
const honest = (name: string) => witness(name, (body) => cosign(name, body));

/** One run with witnesses; who did not sign, and why. */
async function run(log: Log, witnesses: readonly Witness[], gate?: Gate) {
  const told: string[] = [];
  const deps = {
    ...log.ports(gate),
    witnesses,
    unwitnessed: (name: string, why: string) => void told.push(`${name}: ${why}`),
  };
  await createSealer(deps)().catch((failure: unknown) => {
    if (!(failure instanceof Died)) throw failure;
  });
  return told;
}
const noteOf = (log: Log, path = "checkpoint") => log.objects.get(path)?.bytes.toString() ?? "";
async function signersOf(log: Log, names: readonly string[], path?: string) {
  const [log1] = await log.ports().signers();
  if (!log1) throw new Error("the log has no key");
  const open = openCheckpoint(noteOf(log, path), { origin, keys: [log1], witnesses: names.map(keyOf) });
  if (!open.ok) throw new Error(open.error);
  return open.value.signatures.map(({ key }) => key.name);
}

describe("witnesses of the log", () => {
  test("are asked from the size that was published before, and their signatures stand by the checkpoint, the kept one too", async () => {
    const log = createLog();
    const asked: string[] = [];
    const watched = witness("w.example/1", (body) => {
      asked.push(body.split("\n")[0] ?? "");
      return cosign("w.example/1", body);
    });
    for (const size of [3, 5]) {
      log.add(size === 3 ? 3 : 2);
      expect(await run(log, [watched, honest("w.example/2")])).toEqual([]);
      const names = ["w.example/1", "w.example/2"];
      for (const path of ["checkpoint", `checkpoints/${size}`])
        expect(await signersOf(log, names, path)).toEqual([origin, ...names]);
    }
    expect(asked).toEqual(["old 0", "old 3"]);
    await log.mustBeComplete();
  });

  test.each<[string, Witness]>([
    ["is down", { keys: [keyOf("bad")], addCheckpoint: () => Promise.reject(new Error("ECONNREFUSED")) }],
    ["answers nonsense", witness("bad", () => "nonsense\n\n— x y")],
    [
      "signs something else",
      witness("bad", (body) => cosign("bad", body.replace(/\n[^\n]{44}\n/, `\n${"A".repeat(43)}=\n`))),
    ],
    ["signs by another key", witness("bad", (body) => cosign("other", body))],
    [
      "names a size beyond the log",
      {
        keys: [keyOf("bad")],
        addCheckpoint: async () => ({ status: 409, contentType: "text/x.tlog.size", body: "99\n" }),
      },
    ],
    ["has no key", { keys: [], addCheckpoint: async () => ({ status: 200, body: "" }) }],
  ])("never stop sealing: one that %s is told of and left out", async (_, bad) => {
    const log = createLog();
    log.add(3);
    expect(await run(log, [bad, honest("good")])).toHaveLength(1);
    expect(await signersOf(log, ["bad", "good"])).toEqual([origin, "good"]);
    await log.mustBeComplete();
    log.add(1);
    await run(log, []);
    await log.mustBeComplete();
  });

  test("threat 23: cannot fill a checkpoint, by which nobody could read the log any more", async () => {
    const log = createLog();
    log.add(2);
    await run(log, [witness("loud", (body) => cosign("loud", body).repeat(99))]);
    expect(noteOf(log).match(/^— /gm)).toHaveLength(2);
    log.add(2);
    await run(log, []);
    await log.mustBeComplete();
  });

  test("are asked again where the sealer died before the checkpoint was kept, and their signatures stay where it was", async () => {
    for (const dies of ["create checkpoints/2", "create checkpoint"]) {
      const log = createLog();
      log.add(2);
      let died = false;
      const gate: Gate = async (call) => {
        if (call !== dies || died) return undefined;
        died = true;
        throw new Died();
      };
      await run(log, [honest("w")], gate);
      expect([died, noteOf(log)]).toEqual([true, ""]);
      await run(log, dies === "create checkpoint" ? [] : [honest("w")]);
      expect(await signersOf(log, ["w"])).toEqual([origin, "w"]);
    }
  });
});
