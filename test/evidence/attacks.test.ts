import { fc, test as property } from "@fast-check/vitest";
import { beforeAll, describe, expect, test } from "vitest";
import { evidenceBounds } from "../../core/evidence/layout.ts";
import { verifyEvidence } from "../../core/evidence/verify.ts";
import { callMember } from "../../core/evidence/write.ts";
import { registryDigest } from "../../core/registry/digest.ts";
import { verifierKey } from "../../core/tlog/note-key.ts";
import { sid } from "../lineage/ground.ts";
import { adas, bobs, forged, lineOf, namesOf, rows, setUp, strangers, told } from "./ground.ts";

let ground: Awaited<ReturnType<typeof setUp>>;
let mine: Buffer;
let theirs: Map<string, Buffer>;
beforeAll(async () => {
  ground = await setUp();
  mine = await ground.archive();
  forged(await ground.archive(sid("below")), (files) => {
    theirs = new Map(files);
  });
});
const verify = (archive: Buffer) => told(verifyEvidence(archive, { keys: [ground.log.signer] }));
const file = (name: string, folder = "records") =>
  `${folder}/${sid(name)}.${folder === "records" ? "json" : "tlog-proof"}`;
const json = (bytes: Buffer | undefined) => JSON.parse(String(bytes));
const text = (value: object) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

/** Files that prove nothing and follow from nothing: for people, and copies that CloudTrail alone vouches for. */
const isFree = (name: string) => name === "README.txt" || name.startsWith("cloudtrail/");

describe("threat 23: whatever is changed in an archive is found", () => {
  property.prop([fc.nat(), fc.nat(), fc.nat(7)])("a bit of any file, by the list of files", (which, at, bit) => {
    const name = namesOf(mine)[which % namesOf(mine).length] as string;
    const changed = forged(mine, (files) => turn(files.get(name), at, bit), { isListed: false });
    expect(verify(changed).length).toBeGreaterThan(0);
  });

  property.prop([fc.nat(), fc.nat(), fc.nat(7)])(
    "a bit of any file that proves something, though the list was made anew",
    (which, at, bit) => {
      const names = namesOf(mine).filter((name) => !isFree(name) && name !== "manifest.json");
      const name = names[which % names.length] as string;
      expect(verify(forged(mine, (files) => turn(files.get(name), at, bit))).length).toBeGreaterThan(0);
    },
  );

  property.prop([fc.nat()])("a file that is taken out, by the list of files", (which) => {
    const name = namesOf(mine)[which % namesOf(mine).length] as string;
    expect(verify(forged(mine, (files) => files.delete(name), { isListed: false }))).toContain(
      `member.missing ${name}`,
    );
  });

  test("each file in turn is taken out, though the list was made anew", () => {
    for (const name of namesOf(mine).filter((one) => one !== "manifest.json")) {
      const codes = verify(forged(mine, (files) => files.delete(name)));
      expect({ name, isFound: codes.length > 0 }).toEqual({ name, isFound: true });
    }
  });

  test("each file in turn is put in the place of another session's", () => {
    for (const name of namesOf(mine).filter((one) => one !== "manifest.json" && !isFree(one))) {
      const others = [...theirs].filter(([other]) => other.split("/")[0] === name.split("/")[0]);
      const [, bytes] = others.find(([other, content]) => other !== name && !content.equals(read(mine, name))) ?? [];
      const alike = bytes ?? theirs.get(name);
      if (alike === undefined || alike.equals(read(mine, name))) continue;
      const codes = verify(forged(mine, (files) => files.set(name, alike)));
      expect({ name, isFound: codes.length > 0 }).toEqual({ name, isFound: true });
    }
  });
});

const read = (archive: Buffer, name: string): Buffer => {
  let found: Buffer = Buffer.alloc(0);
  forged(archive, (files) => {
    found = files.get(name) ?? found;
  });
  return found;
};
function turn(bytes: Buffer | undefined, at: number, bit: number): void {
  if (bytes === undefined || bytes.length === 0) return;
  const place = at % bytes.length;
  bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
}

/** A record that tells of another request than it did; every other word of it stays. */
const otherwise = (record: string) => record.replace('"request_id":"request-root-opened"', '"request_id":"request-9"');

describe("threat 23: with the list of files made anew, it is found", () => {
  test("that a record says something else than the log holds", () => {
    const changed = forged(mine, (files) => {
      files.set(file("root-opened"), Buffer.from(otherwise(String(files.get(file("root-opened"))))));
    });
    expect(verify(changed)).toEqual(["record.changed records/root-opened00000000000.json"]);
  });

  test("that a record was taken out and its proof left, or the other way round", () => {
    const [record, proof] = [file("root-denied"), file("root-denied", "proofs")];
    expect(verify(forged(mine, (files) => files.delete(record)))).toEqual([
      `record.missing ${record}`,
      "session.disagrees session.json",
    ]);
    expect(verify(forged(mine, (files) => files.delete(proof)))).toEqual([`proof.missing ${proof}`]);
  });

  test("that how a session came to be was taken out, with its proof and out of the tree", async () => {
    const without = await setUp({
      lines: ground.records.map(({ text: one }) => one).filter((one) => !one.includes("root-opened")),
    });
    const report = verifyEvidence(await without.archive(), { keys: [ground.log.signer] });
    expect(told(report)).toEqual(["tree.incomplete"]);
  });

  test("that a record of another tree was put in, with its true proof", () => {
    const [record, proof] = [file("other-opened"), file("other-opened", "proofs")];
    const changed = forged(mine, (files) => {
      files.set(record, theirs.get(record) ?? Buffer.of());
      files.set(proof, theirs.get(proof) ?? Buffer.of());
    });
    expect(verify(changed)).toEqual([`record.foreign ${record}`]);
  });

  test("that a record was made up", () => {
    const made = lineOf("made-up", 7, { session: { sid: sid("root"), root: sid("root"), depth: 0 } });
    const changed = forged(mine, (files) => files.set(file("made-up"), Buffer.from(made)));
    expect(verify(changed)).toEqual([`proof.missing ${file("made-up", "proofs")}`, "session.disagrees session.json"]);
    const lent = forged(changed, (files) =>
      files.set(file("made-up", "proofs"), files.get(file("root-denied", "proofs")) ?? Buffer.of()),
    );
    expect(verify(lent)).toEqual([`record.changed ${file("made-up")}`, "session.disagrees session.json"]);
  });

  test("that two records have each other's names", () => {
    const changed = forged(mine, (files) => {
      const [one, other] = [file("root-opened"), file("root-denied")];
      const held = files.get(one) as Buffer;
      files.set(one, files.get(other) as Buffer).set(other, held);
    });
    expect(verify(changed)).toContain(`record.malformed ${file("root-opened")}`);
  });

  test("that the key is another's, who signed a log of his own", async () => {
    const forger = await setUp({
      seed: "forger",
      lines: ground.records.map(({ text: one }) => otherwise(one)),
    });
    const archive = await forger.archive();
    expect(verify(archive)).toEqual(["checkpoint.invalid checkpoint", "key.other verifier-key.txt"]);
    // without a key from elsewhere nothing is wrong with it: that is what a key is compared for
    expect(verifyEvidence(archive)).toMatchObject({ keyFrom: "archive", findings: [] });
    const lent = forged(archive, (files) =>
      files.set("verifier-key.txt", Buffer.from(`${verifierKey(ground.log.signer)}\n`)),
    );
    expect(verify(lent)).toEqual(["checkpoint.invalid checkpoint"]);
  });

  test("that the checkpoint is of another log, or of this one at another size", async () => {
    const stranger = await setUp({ seed: "stranger" });
    expect(verify(forged(mine, (files) => files.set("checkpoint", Buffer.from(stranger.kept.at(-1) ?? ""))))).toEqual([
      "checkpoint.invalid checkpoint",
    ]);
    const earlier = forged(mine, (files) => files.set("checkpoint", Buffer.from(ground.kept[3] ?? "")));
    expect(verify(earlier)).toContain(`proof.invalid ${file("root-opened", "proofs")}`);
  });

  test("that a proof says beside itself that it is of another record", () => {
    const name = file("root-opened", "proofs");
    const changed = forged(mine, (files) => {
      const entry = Buffer.from(`${sid("root-opened")}\n${"A".repeat(43)}`).toString("base64");
      files.set(name, Buffer.from(String(files.get(name)).replace(/^extra .*$/m, `extra ${entry}`)));
    });
    expect(verify(changed)).toEqual([`proof.invalid ${name}`]);
  });

  test("that the tree is told otherwise than by its records", () => {
    const changed = forged(mine, (files) => {
      const session = json(files.get("session.json"));
      files.set("session.json", text({ ...session, principal: "p_somebody" }));
    });
    expect(verify(changed)).toEqual(["session.disagrees session.json"]);
    const asked = forged(mine, (files) => files.set("session.json", theirs.get("session.json") ?? Buffer.of()));
    expect(verify(asked)).toContain("session.disagrees session.json");
  });

  test("that a policy has another text, alone or with the registration", () => {
    const name = "policy/1/never-at-night.cedar";
    const harmless = Buffer.from("permit(principal, action, resource);");
    const alone = forged(mine, (files) => files.set(name, harmless));
    expect(verify(alone)).toEqual([`policy.disagrees ${name}`]);
    const both = forged(alone, (files) => {
      const registry = json(files.get("registry.json"));
      for (const row of registry.versions[0].registrations)
        if (row.name === "never-at-night") row.cedar = harmless.toString();
      files.set("registry.json", text(registry));
    });
    expect(verify(both)).toEqual(["registry.unproven registry.json"]);
  });

  test("that a version of the registry is hidden, or another one is shown in its place", () => {
    const registry = json(read(mine, "registry.json"));
    const shown = (versions: readonly object[]) =>
      verify(forged(mine, (files) => files.set("registry.json", text({ ...registry, versions }))));
    expect(shown([])).toContain("registry.unproven registry.json");
    expect(shown([{ ...registry.versions[0], version: 2 }])).toContain("registry.unproven registry.json");
    const [first] = registry.versions;
    expect(shown([{ ...first, others: first.others.slice(1) }])).toEqual(["registry.unproven registry.json"]);
  });

  test("that a policy which decided is shown by its digest alone", () => {
    const [first] = json(read(mine, "registry.json")).versions;
    const hidden = rows.filter(({ name }) => name !== "people-lend");
    expect(registryDigest(hidden)).not.toBe(registryDigest(rows));
    const digest = "0".repeat(64);
    const registrations = first.registrations.filter(({ name }: { name: string }) => name !== "people-lend");
    const changed = forged(mine, (files) => {
      files.set(
        "registry.json",
        text({
          format: "lanyard-evidence-registry/1",
          versions: [{ ...first, registrations, others: [...first.others, digest] }],
        }),
      );
      files.delete("policy/1/people-lend.cedar");
    });
    expect(verify(changed)).toEqual(["registry.unproven registry.json"]);
  });

  test("that a call at AWS is nobody's of this tree", () => {
    for (const call of [strangers, json([...theirs].find(([name]) => name.startsWith("cloudtrail/"))?.[1])]) {
      const { name, bytes } = callMember(call);
      expect(verify(forged(mine, (files) => files.set(name, bytes)))).toContain(`call.foreign ${name}`);
    }
    expect(verify(forged(mine, (files) => files.set("cloudtrail/x.json", Buffer.from("{}"))))).toEqual([
      "call.malformed cloudtrail/x.json",
    ]);
  });

  test("that there is a file which no archive has", () => {
    for (const name of ["run-me.sh", "records/deeper/a.json", "policy/x.cedar"])
      expect(verify(forged(mine, (files) => files.set(name, Buffer.from("x"))))).toContain(`member.unknown ${name}`);
  });

  test("that it holds more records, or more calls, than a verifier reads", () => {
    for (const [folder, most] of [
      ["records", evidenceBounds.records],
      ["cloudtrail", evidenceBounds.calls],
    ] as const) {
      const many = forged(mine, (files) => {
        for (let n = 0; n <= most; n += 1) files.set(`${folder}/${n}.json`, Buffer.of(0x78));
      });
      expect(verify(many)).toEqual(["archive.malformed"]);
    }
  });

  test("that it is no archive", () => {
    expect(verify(Buffer.from("no archive"))).toEqual(["archive.malformed"]);
    expect(verify(mine.subarray(0, -512))).toEqual(["archive.malformed"]);
  });
});

test("what is left out without a trace in the tree is not missed: an archive proves no absence", async () => {
  const lines = ground.records.map(({ text: one }) => one);
  const left = lines.filter((one) => !one.includes("root-denied"));
  expect(left).toHaveLength(lines.length - 1);
  expect([...adas, ...bobs].filter((one) => one.includes("root-denied"))).toHaveLength(1);
  const less = await setUp({ lines: left });
  expect(verify(await less.archive())).toEqual([]);
});
