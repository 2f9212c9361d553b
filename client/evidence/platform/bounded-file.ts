import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { EvidenceError } from "../../error.ts";

/**
 * Reads a file that a platform renews. It is read again each time, since earlier contents may have expired.
 * @param maxBytes a longer file is refused
 * @throws EvidenceError
 */
export async function readBoundedFile(path: string, maxBytes: number): Promise<string> {
  // non-blocking: a pipe in the file's place would otherwise stop the agent for ever
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    throw new EvidenceError(`${path} cannot be read (${code})`);
  });
  try {
    if (!(await file.stat()).isFile()) throw new EvidenceError(`${path} is no file`);
    const buffer = Buffer.alloc(maxBytes + 1);
    let size = 0;
    for (let more = 1; more > 0 && size <= maxBytes; size += more)
      more = (await file.read(buffer, size, buffer.length - size)).bytesRead;
    if (size > maxBytes) throw new EvidenceError(`${path} is longer than ${maxBytes} bytes`);
    return buffer.toString("utf8", 0, size);
  } finally {
    await file.close();
  }
}
