import { describe, expect, test } from "vitest";
import { checkpointText, openCheckpoint, readCheckpoint } from "../../core/tlog/checkpoint.ts";
import { emptyRoot, leafHash } from "../../core/tlog/hash.ts";
import { signNote } from "../../core/tlog/note.ts";
import { proveInclusion } from "../../core/tlog/proof.ts";
import { proofFileText, readProofFile, verifyProofFile } from "../../core/tlog/proof-file.ts";
import { memoryLog, signerOf } from "../kit/memory/log.ts";

/** The example of the published format. */
const published = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

test("the published example is read and written (C2SP tlog-checkpoint)", () => {
  const read = readCheckpoint(published);
  expect(read).toMatchObject({ value: { origin: "example.com/behind-the-sofa", size: 20_852_163 } });
  expect(read.ok && checkpointText(read.value)).toBe(published);
  expect(readCheckpoint(`${published}something else\n`)).toEqual(read);
});

test.each([
  ["no newline at its end", published.slice(0, -1)],
  ["an empty line", `${published}\n`],
  ["no origin", published.replace("example.com/behind-the-sofa", "")],
  ["a size with a zero before it", published.replace("2085", "02085")],
  ["a size that no number holds", published.replace("20852163", "9007199254740993")],
  ["a negative size", published.replace("20852163", "-1")],
  ["a short root", published.replace("q2I=", "")],
  ["a root in base64url", published.replace("/", "_").replace("om/", "om_")],
  ["a root whose unused bits are set", published.replace("q2I=", "q2J=")],
])("refused: %s", (_, text) => {
  expect(readCheckpoint(text)).toMatchObject({ ok: false });
});

test("a checkpoint that would be read otherwise is never written", () => {
  for (const origin of ["", "two\nlines", "a\r"])
    expect(() => checkpointText({ origin, size: 0, root: emptyRoot })).toThrow();
  for (const size of [-1, 0.5, 2 ** 53]) expect(() => checkpointText({ origin: "a", size, root: emptyRoot })).toThrow();
  expect(() => checkpointText({ origin: "a", size: 0, root: Buffer.alloc(31) })).toThrow();
});

describe("a signed checkpoint", () => {
  const signer = signerOf("example.com/log");
  const head = { origin: "example.com/log", size: 3, root: leafHash(Buffer.from("x")) };

  test("opens by its log's key, an old and a new one for a while", async () => {
    const next = signerOf("example.com/log", "next");
    const note = await signNote(checkpointText(head), [signer, next]);
    for (const keys of [[signer], [next], [signer, next]])
      expect(openCheckpoint(note, { origin: head.origin, keys })).toMatchObject({ ok: true, value: head });
  });

  test("of another log is refused, though the same key signed it", async () => {
    const note = await signNote(checkpointText({ ...head, origin: "example.com/else" }), [signer]);
    const log = { origin: head.origin, keys: [signer] };
    expect(openCheckpoint(note, log)).toEqual({ ok: false, error: "it is of another log" });
  });

  test("is refused when only a witness has signed", async () => {
    const witness = signerOf("witness.example");
    const note = await signNote(checkpointText(head), [witness]);
    const log = { origin: head.origin, keys: [signer], witnesses: [witness] };
    expect(openCheckpoint(note, log)).toEqual({ ok: false, error: "its log has not signed it" });
  });

  test("with a good signature over no checkpoint is refused", async () => {
    const note = await signNote("example.com/log\nmany\n", [signer]);
    expect(openCheckpoint(note, { origin: head.origin, keys: [signer] })).toMatchObject({ ok: false });
  });
});

describe("a proof file (C2SP tlog-proof)", async () => {
  const log = memoryLog();
  const entries = Array.from({ length: 600 }, (_, n) => Buffer.from(`entry ${n}`));
  const checkpoint = await log.add(...entries);
  const entry = entries[321] as Buffer;
  const proof = await proveInclusion(log, 321);
  const text = proofFileText({ index: 321, proof, checkpoint, extra: entry });
  const known = { origin: log.origin, keys: [log.signer] };

  test("has the published form and proves its entry", () => {
    expect(text.split("\n").slice(0, 3)).toEqual([
      "c2sp.org/tlog-proof@v1",
      `extra ${entry.toString("base64")}`,
      "index 321",
    ]);
    expect(text.endsWith(`\n\n${checkpoint}`)).toBe(true);
    expect(readProofFile(text)).toEqual({ ok: true, value: { index: 321, proof, checkpoint, extra: entry } });
    expect(verifyProofFile(text, entry, known)).toMatchObject({ ok: true, value: { size: 600 } });
  });

  test("without extra data is as good", () => {
    const plain = proofFileText({ index: 321, proof, checkpoint });
    expect(plain).not.toContain("extra");
    expect(verifyProofFile(plain, entry, known)).toMatchObject({ ok: true });
  });

  test.each([
    ["another entry", text, entries[320]],
    ["another index", text.replace("index 321", "index 320"), entry],
    ["a hash left out", text.replace(/\n[^\n]+\n\n/, "\n\n"), entry],
    ["another first line", text.replace("@v1", "@v2"), entry],
    ["an index with a zero before it", text.replace("index 321", "index 0321"), entry],
    ["no index", text.replace("index 321\n", ""), entry],
    ["a line that is no hash", text.replace("index 321", "index 321\nAAAA"), entry],
    [
      "more hashes than a tree is high",
      text.replace("321\n", `321\n${`${proof[0]?.toString("base64")}\n`.repeat(64)}`),
      entry,
    ],
    ["another size", text.replace("\n600\n", "\n601\n"), entry],
    ["nothing after its head", text.slice(0, text.indexOf("\n\n")), entry],
  ])("proves nothing with %s", (_, wrong, shown) => {
    expect(verifyProofFile(wrong, shown as Buffer, known)).toMatchObject({ ok: false });
  });

  test("proves nothing by another log's key or name", () => {
    expect(verifyProofFile(text, entry, { ...known, keys: [signerOf(log.origin, "other")] })).toMatchObject({
      ok: false,
    });
    expect(verifyProofFile(text, entry, { ...known, origin: "example.com/else" })).toMatchObject({ ok: false });
  });
});
