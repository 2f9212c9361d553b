import { createHash } from "node:crypto";
import { limits } from "../model/limits.ts";
import type { Ids } from "../model/ports.ts";
import { sealedCharacters } from "./offer-locator.ts";

/**
 * Where an offer is found: its root, which the handle contains in clear so that no index is needed, and the handle's
 * hash.
 */
interface OfferAddress {
  readonly root: string;
  readonly handleHash: string;
}

/** A handle's parts: what makes it one of a kind, and for us alone what has to be read beside the offer. */
interface OfferParts extends OfferAddress {
  readonly secret: string;
  readonly sealed?: string;
}

const text = "[A-Za-z0-9_-]";
/** Two parts between dots, never three: whoever takes it for a JWT must not succeed in splitting it. */
const shape = new RegExp(
  `^lyo_(${text}{22})\\.(${text}{43})(${text}{1,${sealedCharacters(limits.offerLocatorBytes)}})?$`,
);

/**
 * A fresh handle: `lyo_<root>.<256 bits><sealed locator>`. Only the hash of the whole is ever stored (threat 17), so
 * that no part of it can be changed or left out.
 * @param seal makes the locator for that secret; undefined where there is none
 */
export function newOfferHandle(
  root: string,
  ids: Ids,
  seal: (secret: string) => string | undefined,
): { handle: string; address: OfferAddress } {
  const secret = ids.secret();
  const handle = `lyo_${root}.${secret}${seal(secret) ?? ""}`;
  return { handle, address: { root, handleHash: hashOf(handle) } };
}

/** The parts of a presented handle; undefined when it is not a handle at all. */
export function offerParts(handle: string): OfferParts | undefined {
  const [, root, secret, sealed] = shape.exec(handle) ?? [];
  if (root === undefined || secret === undefined) return undefined;
  return { root, handleHash: hashOf(handle), secret, ...(sealed === undefined ? {} : { sealed }) };
}

/** The address of a presented handle; undefined when it is not a handle at all. */
export function offerAddress(handle: string): OfferAddress | undefined {
  const parts = offerParts(handle);
  return parts && { root: parts.root, handleHash: parts.handleHash };
}

const hashOf = (handle: string): string => createHash("sha256").update(handle, "ascii").digest("base64url");
