import { sign } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { openNote, signatureLine, signNote } from "../../core/tlog/note.ts";
import { ed25519OfSpki, keyId, type NoteKey, readVerifierKey, verifierKey } from "../../core/tlog/note-key.ts";
import { privateKeyOf, publicKeyOf, signerOf } from "../kit/memory/log.ts";

const [one, two, stranger] = [signerOf("example.com/one"), signerOf("example.com/two"), signerOf("example.com/other")];
const text = "If all else fails\n\nread the text.\n";

/** Key and note of the documentation of Go's package `note`. */
const known = {
  key: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
  note:
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
};

test("a note that others made opens by its published key", () => {
  const key = readVerifierKey(known.key);
  expect(key).toMatchObject({ ok: true, value: { name: "PeterNeumann", type: "ed25519" } });
  if (!key.ok) return;
  expect(verifierKey(key.value)).toBe(known.key);
  expect(openNote(known.note, [key.value])).toMatchObject({ ok: true, value: { signatures: [{ key: key.value }] } });
  expect(openNote(known.note.replace("problem is", "problem was"), [key.value])).toMatchObject({ ok: false });
});

test("a note opens by any key that signed it, and tells which did", async () => {
  const note = await signNote(text, [one, two]);
  expect(note.startsWith(`${text}\n— example.com/one `)).toBe(true);
  expect(openNote(note, [two])).toEqual({ ok: true, value: { text, signatures: [{ key: two }] } });
  expect(openNote(note, [stranger, two, one])).toMatchObject({ value: { signatures: [{ key: one }, { key: two }] } });
});

describe("a note is refused", () => {
  test("when nobody known signed it", async () => {
    expect(openNote(await signNote(text, [one]), [stranger])).toEqual({
      ok: false,
      error: "no known key has signed it",
    });
    expect(openNote(await signNote(text, [one]), [])).toMatchObject({ ok: false });
  });

  test("when a known key shares only its name or its id with the signer", async () => {
    const note = await signNote(text, [one]);
    expect(openNote(note, [{ ...stranger, name: one.name }])).toMatchObject({ ok: false });
    expect(openNote(note, [{ ...one, name: "example.com/else" }])).toMatchObject({ ok: false });
  });

  test("when one known key's signature is wrong, however good the others are", async () => {
    const note = (await signNote(text, [one])) + signatureLine(two, Buffer.alloc(64, 7));
    expect(openNote(note, [one, two])).toEqual({ ok: false, error: "the signature of example.com/two is wrong" });
    expect(openNote(note, [one])).toMatchObject({ ok: true });
  });

  test("when its form is another than the published one", async () => {
    const note = await signNote(text, [one]);
    const line = note.slice(note.lastIndexOf("— "));
    for (const wrong of [
      "",
      "\n\n",
      text,
      note.slice(0, -1),
      `${note}\n`,
      `${text}${line}`,
      note.replace("— ", "- "),
      note.replace("read", "re\tad"),
      note.replace("read", "re\rad"),
      note.replace("=\n", "\n"),
      note.replace(/ ([^ ]+)$/, " AAAA\n"),
      note.replace("example.com/one ", "example.com/on e "),
      `${text}\n${line.repeat(101)}`,
      `${"x".repeat(1_048_577)}\n\n${line}`,
    ])
      expect(openNote(wrong, [one])).toMatchObject({ ok: false });
  });
});

test("many signatures of strangers are no hindrance, and one key counts once", async () => {
  const strangers = Array.from({ length: 40 }, (_, n) => signerOf(`example.com/${n}`));
  const note = await signNote(text, [...strangers, one, one]);
  expect(openNote(note, [one])).toEqual({ ok: true, value: { text, signatures: [{ key: one }] } });
});

describe("nothing is signed", () => {
  test.each(["", "no newline", "a\tb\n", "\ud800\n"])("that no reader would take: %j", async (wrong) => {
    await expect(signNote(wrong, [one])).rejects.toThrow("needs a text");
  });

  test("by nobody, or by a name that a reader would split", async () => {
    await expect(signNote(text, [])).rejects.toThrow();
    for (const name of ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\u0085b", "a\u2028b"])
      await expect(signNote(text, [{ ...one, name }])).rejects.toThrow();
  });

  test("by another key than the one that it names", async () => {
    await expect(signNote(text, [{ ...one, publicKey: two.publicKey }])).rejects.toThrow("did not make its signature");
  });
});

property.prop([fc.string({ unit: "binary" }), fc.nat(), fc.integer({ min: 1, max: 255 })], { numRuns: 100 })(
  "a change of any byte of text or signature closes a note",
  async (body, place, change) => {
    const signed = `${body.replaceAll(/[^\n -\u{10ffff}]/gu, "").replaceAll(/\p{Cs}/gu, "")}\n`;
    const bytes = Buffer.from(await signNote(signed, [one]));
    const nameAndPrefix = bytes.lastIndexOf("— ");
    const at = place % bytes.length;
    bytes[at] = (bytes[at] ?? 0) ^ change;
    const open = openNote(bytes.toString("utf8"), [one]);
    expect(open.ok, `byte ${at} of ${bytes.length}, signature at ${nameAndPrefix}`).toBe(false);
  },
);

describe("a witness's signature", () => {
  const key = privateKeyOf("witness");
  const witness: NoteKey = { name: "witness.example/w", type: "cosignature", publicKey: publicKeyOf(key) };
  const cosign = (timeSeconds: number, over = `cosignature/v1\ntime ${timeSeconds}\n${text}`) => {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(timeSeconds));
    return signatureLine(witness, Buffer.concat([time, sign(null, Buffer.from(over), key)]));
  };

  test("is dated, and the date is signed with the text (C2SP tlog-cosignature)", async () => {
    const note = (await signNote(text, [one])) + cosign(1_679_315_147);
    expect(openNote(note, [one, witness])).toMatchObject({
      value: { signatures: [{ key: one }, { key: witness, timeSeconds: 1_679_315_147 }] },
    });
    const other = (await signNote(text, [one])) + cosign(1_679_315_148, `cosignature/v1\ntime 1679315147\n${text}`);
    expect(openNote(other, [one, witness])).toMatchObject({ ok: false });
  });

  test("over the text alone is none, since a log's signature must not pass for a witness's", async () => {
    expect(openNote((await signNote(text, [one])) + cosign(1, text), [witness])).toMatchObject({ ok: false });
  });

  test("has a key of another id than the same key's plain signatures", () => {
    expect(keyId(witness.name, witness.publicKey, "cosignature")).not.toEqual(keyId(witness.name, witness.publicKey));
    expect(readVerifierKey(verifierKey(witness))).toEqual({ ok: true, value: witness });
  });
});

test("texts that are no key of ours are refused", () => {
  const good = verifierKey(one);
  for (const wrong of ["", "a+b", good.replace("one", "two"), `${good}=`, good.slice(0, -4), good.replace("+", "++")])
    expect(readVerifierKey(wrong)).toMatchObject({ ok: false });
  expect(ed25519OfSpki(Buffer.from("no key"))).toMatchObject({ ok: false });
});
