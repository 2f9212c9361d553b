import { err, ok, type Result } from "../model/result.ts";

/** One file of an archive. */
export interface Member {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Largest archive, most files in it, and largest file: what is handed to a verifier may be anybody's. */
export const archiveBounds = { bytes: 256 * 1_048_576, members: 50_000, memberBytes: 16 * 1_048_576 } as const;

const block = 512;
const nameBytes = 100;
const nameForm = /^[A-Za-z0-9._#-]+(\/[A-Za-z0-9._#-]+)*$/;

/** Whether a file may have this name: relative, no way upwards, nothing that a file system reads otherwise. */
export const isMemberName = (name: string): boolean =>
  name.length <= nameBytes && nameForm.test(name) && name.split("/").every((part) => part !== "." && part !== "..");

/**
 * Bytes of an archive (POSIX.1-1988 ustar): plain files, without owner or time, so that the same files give the same
 * bytes wherever they were made.
 * @throws Error for files that {@link readTar} would refuse
 */
export function writeTar(members: readonly Member[]): Buffer {
  if (members.some(({ name, bytes }) => !isMemberName(name) || bytes.length > archiveBounds.memberBytes))
    throw new Error("an archive holds no such file");
  const parts = members.flatMap(({ name, bytes }) => [header(name, bytes.length), bytes, padding(bytes.length)]);
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

/**
 * Reads an archive that {@link writeTar} wrote. A header must be, byte for byte, the one that is written for its name and
 * size: links, folders, sparse files, long names and every other thing in which two programs could see different files
 * have no form here. Nothing is packed, so nothing unfolds to more than was handed in.
 * @returns the files in their order, or why it is no such archive
 */
export function readTar(bytes: Buffer): Result<readonly Member[], string> {
  if (bytes.length > archiveBounds.bytes) return err("larger than an archive may be");
  const members: Member[] = [];
  const names = new Set<string>();
  let at = 0;
  for (;;) {
    if (at + block > bytes.length) return err("ends before its end is marked");
    const head = bytes.subarray(at, at + block);
    if (head[0] === 0) break;
    const read = readHeader(head);
    if (!read.ok) return read;
    const { name, size } = read.value;
    if (names.has(name)) return err(`holds ${name} twice`);
    if (names.add(name).size > archiveBounds.members) return err("holds more files than are read");
    const end = at + block + size;
    const next = end + padding(size).length;
    if (next > bytes.length) return err(`ends inside ${name}`);
    if (bytes.subarray(end, next).some((byte) => byte !== 0)) return err(`holds something behind ${name}`);
    members.push({ name, bytes: bytes.subarray(at + block, end) });
    at = next;
  }
  const rest = bytes.subarray(at);
  return rest.length === 2 * block && rest.every((byte) => byte === 0)
    ? ok(members)
    : err("holds something behind its end");
}

function readHeader(head: Buffer): Result<{ readonly name: string; readonly size: number }, string> {
  const end = head.indexOf(0);
  const name = head.toString("latin1", 0, Math.min(end, nameBytes));
  if (end < 0 || !isMemberName(name)) return err("holds a file whose name may not stand in it");
  const digits = head.toString("latin1", 124, 135);
  const size = /^[0-7]{11}$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  if (!(size <= archiveBounds.memberBytes)) return err(`${name} is larger than a file may be`);
  return header(name, size).equals(head) ? ok({ name, size }) : err(`${name} is no plain file`);
}

const padding = (size: number): Buffer => Buffer.alloc((block - (size % block)) % block);

function header(name: string, size: number): Buffer {
  const head = Buffer.alloc(block);
  const put = (text: string, offset: number) => void head.write(text, offset, "latin1");
  put(name, 0);
  for (const [offset, text] of [
    [100, "0000644"],
    [108, "0000000"],
    [116, "0000000"],
    [124, size.toString(8).padStart(11, "0")],
    [136, "00000000000"],
    [156, "0"],
    [257, "ustar"],
    [263, "00"],
    [329, "0000000"],
    [337, "0000000"],
  ] as const)
    put(text, offset);
  // the sum is over the header with blanks in its own place
  const sum = head.reduce((all, byte) => all + byte, 8 * 0x20);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return head;
}
