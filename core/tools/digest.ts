import { err, ok, type Result } from "../model/result.ts";
import { bytesOfBase64url } from "../text/base64url.ts";
import { sha256 } from "../text/digest.ts";
import { canonicalOf, readListed, toolNameForm } from "./declaration.ts";

/** How digests of tools are written. */
export const toolDigestForm: RegExp = /^sha256:[0-9a-f]{64}$/;

/**
 * The formats, inside what is hashed: a digest of one format can never be taken for one of another, whatever the tool
 * says (docs/tools.md).
 */
const formats = { tool: "lanyard-tool-1", set: "lanyard-tools-1" } as const;

/**
 * Digest of a tool as its server lists it: SHA-256 over the canonical JSON (RFC 8785) of format, name, title,
 * description, schemas and annotations. The name is part of it, so that a renamed tool is another one. Texts are taken
 * as they are: the same sentence in another Unicode form is another sentence.
 * @param value one item of `tools` of `tools/list`
 * @returns `sha256:` and 64 hex digits, or why the tool has none
 */
export async function toolDigest(value: unknown): Promise<Result<string, string>> {
  const tool = readListed(value);
  return tool.ok ? digestOf({ format: formats.tool, ...tool.value }) : tool;
}

/** A tool's name and its digest. */
export interface NamedDigest {
  readonly name: string;
  readonly digest: string;
}

/**
 * Digest of a set of tools, over names and digests in the order of the names: it differs when one tool differs, is
 * renamed, is missing or is new, and not by the order in which a server lists them.
 * @param tools at most `limits.toolsOfResource`, no two of one name
 * @returns the digest, or why there is none
 */
export async function toolsDigest(tools: readonly NamedDigest[]): Promise<Result<string, string>> {
  if (new Set(tools.map(({ name }) => name)).size < tools.length) return err("two tools have one name");
  const unfit = tools.find(({ name, digest }) => !toolNameForm.test(name) || !toolDigestForm.test(digest));
  if (unfit) return err(`${unfit.name.slice(0, 128)} has no digest of this form`);
  const sorted = tools.map(({ name, digest }) => [name, digest] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  return digestOf({ format: formats.set, tools: sorted });
}

async function digestOf(value: unknown): Promise<Result<string, string>> {
  const text = canonicalOf(value);
  if (!text.ok) return text;
  const bytes = bytesOfBase64url(await sha256(text.value)) ?? new Uint8Array();
  return ok(`sha256:${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`);
}
