import { mkdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { archiveBounds } from "../../core/evidence/tar.ts";
import { verifyEvidence } from "../../core/evidence/verify.ts";
import { verifierKey } from "../../core/tlog/note-key.ts";
import { forged, namesOf, rows, setUp } from "../evidence/ground.ts";
import { signerOf } from "../kit/memory/log.ts";
import { writeTrail } from "../kit/memory/log-folder.ts";
import { role, sid } from "../lineage/ground.ts";
import { keyOf, rawTrail } from "../lineage/raw.ts";
import { openDeployment } from "./deployment.ts";

let deployment: Awaited<ReturnType<typeof openDeployment>>;
let ground: Awaited<ReturnType<typeof setUp>>;
const child = sid("child");

beforeEach(async () => {
  deployment = await openDeployment();
  const plain = await setUp();
  // what STS answered, as the made lines of CloudTrail have it
  const lines = plain.records.map(({ text }) =>
    text
      .replaceAll("ASIASCOPEDCHILD", keyOf(child))
      .replaceAll("assume-child", `assume-${child}`)
      .replaceAll("scope-child", `scope-${child}`)
      .replaceAll(role, role.replace("111122223333", "444455556666")),
  );
  ground = await setUp({ lines });
  const objects = ground.records.map(({ text, line }, n) => ({
    name: `audit/${String(n).padStart(3, "0")}.json`,
    lines: [text],
    writtenAtMillis: line.timeMillis + 40_000,
  }));
  await writeTrail(join(deployment.folder, "audit"), { log: ground.log, arrivals: new Map(), objects });
  const applied = ground.records.find(({ line }) => line.operation === "registry.apply")?.line.timeMillis;
  deployment.read.answer = async (target) =>
    target.startsWith("/registry/versions")
      ? { status: 200, body: { items: [{ version: 1, atMillis: applied }] } }
      : { status: 200, body: { version: 1, deployment: { generation: 0, blocked: false }, registrations: rows } };
});
afterEach(() => deployment.close());

const key = () => verifierKey(ground.log.signer);
const path = (name: string) => join(deployment.folder, name);
const env = () => ({ XDG_CONFIG_HOME: deployment.folder });
const lanyard = (...args: readonly string[]) => deployment.lanyard(["evidence", ...args], { env: env() });
const make = (...more: readonly string[]) => lanyard(child, "--since", "2026-11-29", "--key", key(), ...more);

describe("lanyard evidence", () => {
  test("writes one archive of the tree, which the log's key alone verifies", async () => {
    const { code, out, err } = await make("--out", "case.tar");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain(
      `case.tar: 2 sessions, 10 records, 0 calls at AWS, proven to checkpoint ${ground.log.size} of`,
    );
    expect(out).toContain("no calls at AWS in it: ");
    const archive = await readFile(path("case.tar"));
    expect(verifyEvidence(archive, { keys: [ground.log.signer] }).findings).toEqual([]);
    expect(namesOf(archive)).toContain("policy/1/never-at-night.cedar");
    expect(await lanyard("verify", "case.tar", "--key", key())).toMatchObject({ code: 0 });
    await make("--out", "again.tar");
    expect((await readFile(path("again.tar"))).equals(archive)).toBe(true);
  });

  test("joins the calls at AWS that CloudTrail has of its sessions", async () => {
    await mkdir(path("trail"));
    const calls = rawTrail({
      sid: child,
      root: sid("root"),
      agent: "r",
      principal: "p",
      atMillis: Date.UTC(2026, 10, 30, 12, 1),
      calls: 2,
    });
    await writeFile(path("trail/a.json.gz"), gzipSync(JSON.stringify({ Records: calls })));
    const made = JSON.parse((await make("--trail", "trail", "--out", "case.tar", "--json")).out);
    expect(made).toMatchObject({ ok: true, root: sid("root"), checked: { sessions: 2, records: 10, calls: 4 } });
    const names = namesOf(await readFile(path("case.tar")));
    expect(names.filter((name) => name.startsWith("cloudtrail/"))).toHaveLength(4);
    expect((await lanyard("verify", "case.tar", "--key", key())).out).toContain("calls at AWS are copies");
  });

  test("proves that the log continues a checkpoint that somebody else kept", async () => {
    await writeFile(path("kept"), ground.kept[4] ?? "");
    expect((await make("--against", "kept", "--out", "case.tar")).code).toBe(0);
    expect((await lanyard("verify", "case.tar", "--key", key(), "--against", "kept")).code).toBe(0);
    await writeFile(path("later"), ground.kept[5] ?? "");
    const later = await lanyard("verify", "case.tar", "--key", key(), "--against", "later", "--json");
    expect(later.code).toBe(1);
    expect(JSON.parse(later.out).findings).toMatchObject([{ code: "checkpoint.forked", member: "later" }]);
    expect((await make("--against", "nowhere")).code).toBe(2);
  });

  test("says what it lacks: no such session, a record that is not sealed, a registry that is not what was applied", async () => {
    expect(await lanyard(sid("nobody"), "--since", "2026-11-29", "--key", key())).toMatchObject({ code: 1 });
    expect((await lanyard("short", "--key", key())).code).toBe(2);
    expect((await lanyard()).code).toBe(2);
    const honest = deployment.read.answer;
    deployment.read.answer = async (target) => {
      const answer = await honest(target);
      return target.startsWith("/registry?")
        ? { ...answer, body: { ...(answer.body as object), registrations: rows.slice(1) } }
        : answer;
    };
    const { code, out } = await make();
    expect(code).toBe(1);
    expect(out).toContain(
      "FOUND   registry.unproven  registry.json  version 1 is not what the record of its making says",
    );
    deployment.read.answer = honest;
    await writeFile(path("audit/log/checkpoint"), ground.kept[6] ?? "");
    await rm(path("logs.json"), { force: true });
    await rm(path("lanyard"), { recursive: true, force: true });
    expect((await make()).err).toContain("is not sealed yet");
  });
});

describe("lanyard evidence verify", () => {
  test("ends with 1 and names what was changed, and says whose word the key is", async () => {
    const archive = await ground.archive();
    await writeFile(path("case.tar"), archive);
    const unknown = await lanyard("verify", "case.tar");
    expect(unknown.code).toBe(0);
    expect(unknown.out).toContain("the key is the archive's own");
    const name = `records/${sid("root-denied")}.json`;
    await writeFile(
      path("changed.tar"),
      forged(archive, (files) => files.delete(name)),
    );
    const changed = await lanyard("verify", "changed.tar", "--key", key());
    expect(changed.code).toBe(1);
    expect(changed.out).toContain(`FOUND   record.missing  ${name}`);
    expect(
      (await lanyard("verify", "case.tar", "--key", verifierKey(signerOf(ground.log.origin, "another")))).code,
    ).toBe(1);
  });

  test("remembers the key of a log that was seen here, whatever key an archive brings", async () => {
    expect((await make("--out", "case.tar")).code).toBe(0);
    expect(JSON.parse((await lanyard("verify", "case.tar", "--json")).out)).toMatchObject({
      ok: true,
      keyFrom: "remembered",
    });
    const forger = await setUp({ seed: "forger" });
    await writeFile(path("forged.tar"), await forger.archive());
    const { code, out } = await lanyard("verify", "forged.tar");
    expect(code).toBe(1);
    expect(out).toContain("key.other");
  });

  test("reads no file that is larger than an archive, and none that is no file", async () => {
    await writeFile(path("huge.tar"), "");
    await truncate(path("huge.tar"), archiveBounds.bytes + 1);
    expect((await stat(path("huge.tar"))).size).toBeGreaterThan(archiveBounds.bytes);
    for (const file of ["huge.tar", "nowhere.tar", "audit"]) expect((await lanyard("verify", file)).code).toBe(2);
    await writeFile(path("text.tar"), "no archive");
    expect(await lanyard("verify", "text.tar")).toMatchObject({ code: 1 });
  });
});
