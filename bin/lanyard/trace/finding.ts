import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { keysOfFinding } from "../../../core/lineage/finding.ts";
import { Usage } from "../terminal/outcome.ts";

/** More than any finding has: EventBridge carries a quarter of it, and a page of an API's answer some more. */
const mostBytes = 1024 * 1024;
const mostNamed = 10;

/**
 * The one access key that a finding of GuardDuty, IAM Access Analyzer or Security Hub names.
 * @param path of the file; `-` for standard input
 * @throws Usage for what is no JSON, too long, or names no key or several
 */
export async function keyOfFinding(path: string, input: Readable = process.stdin): Promise<string> {
  const where = path === "-" ? "standard input" : path;
  const finding = parsed(await textOf(path === "-" ? input : createReadStream(path), where), where);
  const keys = keysOfFinding(finding);
  const [key] = keys;
  if (key === undefined)
    throw new Usage(`${where} names no access key where findings of GuardDuty, Access Analyzer and Security Hub do`);
  if (keys.length > 1)
    throw new Usage(`${where} names ${keys.length} access keys; ask for each: ${keys.slice(0, mostNamed).join(", ")}`);
  return key;
}

async function textOf(stream: Readable, where: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += (chunk as Buffer).length;
      if (bytes > mostBytes) break;
      chunks.push(Buffer.from(chunk));
    }
  } catch (cause) {
    throw new Usage(`${where} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? "no file"}`);
  }
  if (bytes > mostBytes) throw new Usage(`${where} is longer than any finding: more than ${mostBytes} bytes`);
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Usage(`${where} is no JSON of one finding`);
  }
}
