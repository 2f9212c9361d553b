import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { verifyEvidence } from "../../core/evidence/verify.ts";
import { verifyProofFile } from "../../core/tlog/proof-file.ts";
import { signerOf } from "../kit/memory/log.ts";
import { sid } from "../lineage/ground.ts";
import { forged, namesOf, setUp, told } from "./ground.ts";

let ground: Awaited<ReturnType<typeof setUp>>;
beforeAll(async () => {
  ground = await setUp();
});
const keys = () => [ground.log.signer];

describe("an archive of evidence", () => {
  test("verifies, by the log's key alone, and says what it held", async () => {
    const report = verifyEvidence(await ground.archive(), { keys: keys() });
    expect(report).toMatchObject({
      ...{ asked: sid("child"), keyFrom: "given", findings: [] },
      head: { origin: ground.log.origin, size: ground.log.size },
      checked: { records: 11, sessions: 2, calls: 4 },
    });
  });

  test("has the same bytes whenever it is made", async () => {
    expect((await ground.archive()).equals(await ground.archive())).toBe(true);
  });

  test("holds the whole tree whichever of its sessions was asked about, and nobody else's", async () => {
    const names = namesOf(await ground.archive(sid("root")));
    expect(names).toEqual(namesOf(await ground.archive(sid("child"))));
    expect(names.filter((name) => /bobs?|below|other-(?!cut)/.test(name))).toEqual([]);
    expect(names.filter((name) => name.startsWith("records/"))).toHaveLength(11);
  });

  test("says that a key from the archive itself is the archive's word", async () => {
    expect(verifyEvidence(await ground.archive())).toMatchObject({ keyFrom: "archive", findings: [] });
  });

  test("holds proofs that check its records one by one, without the archive", async () => {
    const archive = await ground.archive();
    let proofs = 0;
    forged(archive, (files) => {
      for (const [name, bytes] of files) {
        const id = /^proofs\/(.+)\.tlog-proof$/.exec(name)?.[1];
        if (id === undefined) continue;
        const hash = createHash("sha256")
          .update(files.get(`records/${id}.json`) ?? "")
          .digest("base64url");
        const log = { origin: ground.log.origin, keys: keys() };
        expect(verifyProofFile(bytes.toString(), Buffer.from(`${id}\n${hash}`), log).ok).toBe(true);
        proofs += 1;
      }
    });
    expect(proofs).toBe(11);
  });

  test("continues checkpoints that were kept elsewhere, where it was made against them", async () => {
    const archive = await ground.archive(sid("child"), [5]);
    const against = (size: number) => [{ from: "kept", note: ground.kept[size - 1] ?? "" }];
    const verify = (note: { from: string; note: string }[]) =>
      told(verifyEvidence(archive, { keys: keys(), against: note }));
    expect(verify(against(5))).toEqual([]);
    expect(verify(against(ground.log.size))).toEqual([]);
    // nothing in it is about this one: what could not be compared must not look as if it had been
    expect(verify(against(6))).toEqual(["checkpoint.forked kept"]);
    const other = await setUp({ lines: ground.records.map(({ text }) => text).toReversed() });
    expect(verify([{ from: "kept", note: other.kept[4] ?? "" }])).toEqual(["checkpoint.forked kept"]);
    expect(verify([{ from: "kept", note: other.kept.at(-1) ?? "" }])).toEqual(["checkpoint.forked kept"]);
    expect(verify([{ from: "kept", note: "no checkpoint" }])).toEqual(["checkpoint.invalid kept"]);
    const stranger = await setUp({ seed: "stranger" });
    expect(verify([{ from: "kept", note: stranger.kept[4] ?? "" }])).toEqual(["checkpoint.invalid kept"]);
  });

  test("believes nothing by another key, and names the key inside that is not the given one", async () => {
    const other = signerOf(ground.log.origin, "another");
    expect(told(verifyEvidence(await ground.archive(), { keys: [other] }))).toEqual([
      "checkpoint.invalid checkpoint",
      "key.other verifier-key.txt",
    ]);
  });
});
