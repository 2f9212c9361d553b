import { err, ok, type Result } from "../model/result.ts";
import { openCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { hashBytes, leafHash } from "./hash.ts";
import { proofHashes, verifyInclusion } from "./proof.ts";

/** What a proof file holds (C2SP tlog-proof): all that a third party needs besides the log's key and the entry. */
interface ProofFile {
  readonly index: number;
  /** From the leaf's sibling to the root's child. */
  readonly proof: readonly Buffer[];
  /** The signed checkpoint, as it is. */
  readonly checkpoint: string;
  /** Whatever the maker put in; nothing proves it. Ours is the entry. */
  readonly extra?: Buffer;
}

const head = "c2sp.org/tlog-proof@v1";
/** A checkpoint may have a note's size; what stands before it is small. */
const fileBytes = 1_200_000;

/** Text of a proof file; its name ends with `.tlog-proof`. */
export const proofFileText = ({ index, proof, checkpoint, extra }: ProofFile): string =>
  [
    head,
    ...(extra === undefined ? [] : [`extra ${extra.toString("base64")}`]),
    `index ${index}`,
    ...proof.map((hash) => hash.toString("base64")),
    "",
    checkpoint,
  ].join("\n");

/** @returns the parts of a proof file, none of them proven, or why it is none */
export function readProofFile(text: string): Result<ProofFile, string> {
  if (text.length > fileBytes) return err("larger than a proof may be");
  const end = text.indexOf("\n\n");
  if (end < 0) return err("no checkpoint after an empty line");
  const lines = text.slice(0, end).split("\n");
  if (lines.shift() !== head) return err(`does not begin with ${head}`);
  const extraLine = lines[0]?.startsWith("extra ") ? lines.shift() : undefined;
  const extra = extraLine === undefined ? undefined : base64Of(extraLine.slice("extra ".length));
  if (extraLine !== undefined && extra === undefined) return err("extra is not base64");
  const digits = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? "")?.[1];
  const index = digits === undefined ? Number.NaN : Number(digits);
  if (!Number.isSafeInteger(index)) return err("no index in decimal");
  const proof = lines.map(base64Of).filter((hash) => hash?.length === hashBytes) as Buffer[];
  if (proof.length !== lines.length || proof.length > proofHashes) return err("a line of the proof is no hash");
  return ok({ index, proof, checkpoint: text.slice(end + 2), ...(extra === undefined ? {} : { extra }) });
}

function base64Of(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

/**
 * Whether a proof file proves an entry, by the keys of its log.
 * @param log see {@link openCheckpoint}
 * @returns the checkpoint that covers the entry, or why nothing is proven
 */
export function verifyProofFile(
  text: string,
  entry: Uint8Array,
  log: Parameters<typeof openCheckpoint>[1],
): Result<SignedCheckpoint, string> {
  const file = readProofFile(text);
  if (!file.ok) return file;
  const checkpoint = openCheckpoint(file.value.checkpoint, log);
  if (!checkpoint.ok) return checkpoint;
  const shown = { leaf: leafHash(entry), index: file.value.index };
  return verifyInclusion(shown, file.value.proof, checkpoint.value)
    ? checkpoint
    : err("the log holds no such entry there");
}
