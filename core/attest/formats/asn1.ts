import { BaseBlock, fromBER, ObjectIdentifier } from "asn1js";
import { err, ok, type Result } from "../../model/result.ts";

/** One element of a BER or DER document, as it was encoded. */
export interface Asn1 {
  /** 0 universal, 2 context-specific (X.690 8.1.2.2). */
  readonly tag: `${"universal" | "application" | "context" | "private"} ${number}`;
  readonly constructed: boolean;
  /** The whole element, header included. */
  readonly bytes: Uint8Array;
  /** The content of a primitive element; empty when its length is indefinite. */
  readonly content: Uint8Array;
  /** False where the length is indefinite: then the element is not DER. */
  readonly definite: boolean;
  readonly children: readonly Asn1[];
  /** Dotted, of an object identifier. */
  readonly oid?: string;
}

/** Tags of X.680 8.4 that certificates and CMS use. */
export const asn1Tag = {
  boolean: "universal 1",
  integer: "universal 2",
  bitString: "universal 3",
  octetString: "universal 4",
  nothing: "universal 5",
  oid: "universal 6",
  utf8String: "universal 12",
  sequence: "universal 16",
  set: "universal 17",
  printableString: "universal 19",
} as const satisfies Readonly<Record<string, Asn1["tag"]>>;

const classes = new Map<number, "universal" | "application" | "context" | "private">([
  [1, "universal"],
  [2, "application"],
  [3, "context"],
  [4, "private"],
]);

const bounds = { maxDepth: 24, maxNodes: 512, parseEmbedded: false, copyInput: true };

/**
 * Reads exactly one BER element that fills `bytes` (X.690): nothing may follow it, depth and number of elements are
 * bounded, and primitive content is never parsed as BER again.
 * @param bytes already bounded by the caller
 * @returns the element, or why it was refused
 */
export function readAsn1(bytes: Uint8Array): Result<Asn1, string> {
  try {
    const { offset, result } = fromBER(bytes, { ...bounds, maxContentLength: bytes.length });
    if (offset < 0 || result.error !== "") return err("not ASN.1");
    return offset === bytes.length ? ok(toAsn1(result)) : err("bytes follow the document");
  } catch {
    // the library throws on some malformed lengths and at its own limits
    return err("not ASN.1");
  }
}

function toAsn1(block: BaseBlock): Asn1 {
  const bytes = block.valueBeforeDecodeView;
  const { tagClass, tagNumber, isConstructed } = block.idBlock;
  const named = classes.get(tagClass);
  if (named === undefined) throw new Error("no such class of tag");
  const definite = !block.lenBlock.isIndefiniteForm;
  const content = definite && !isConstructed ? bytes.subarray(bytes.length - block.lenBlock.length) : new Uint8Array();
  // strings, too, may be constructed (X.690 8.7.3), and those of EC2 are
  const inner = isConstructed && "value" in block.valueBlock ? block.valueBlock.value : [];
  const children = Array.isArray(inner) ? inner.filter((item) => item instanceof BaseBlock).map(toAsn1) : [];
  return {
    tag: `${named} ${tagNumber}`,
    constructed: isConstructed,
    bytes,
    content,
    definite,
    children,
    ...(block instanceof ObjectIdentifier ? { oid: block.valueBlock.toString() } : {}),
  };
}

/** True when both elements are the same bytes. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
