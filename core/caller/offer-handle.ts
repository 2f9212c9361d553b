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

/**
 * The parts of a handle: its root and secret, and the locator of the rows to read beside the offer, which only we can
 * decrypt.
 */
interface OfferParts extends OfferAddress {
  readonly secret: string;
  readonly sealed?: string;
}

const text = "[A-Za-z0-9_-]";
/** Two parts between dots and never three, so that nobody can take it for a JWT. */
const shape = new RegExp(
  `^lyo_(${text}{22})\\.(${text}{43})(${text}{1,${sealedCharacters(limits.offerLocatorBytes)}})?$`,
);

/**
 * A fresh handle: `lyo_<root>.<256 bits><sealed locator>`. Only the hash of the whole handle is stored (threat 17), so
 * no part of it can be changed or left out.
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

/** The parts of a presented handle; undefined when the text does not have the form of a handle. */
export function offerParts(handle: string): OfferParts | undefined {
  const [, root, secret, sealed] = shape.exec(handle) ?? [];
  if (root === undefined || secret === undefined) return undefined;
  return { root, handleHash: hashOf(handle), secret, ...(sealed === undefined ? {} : { sealed }) };
}

/** The address of a presented handle; undefined when the text does not have the form of a handle. */
export function offerAddress(handle: string): OfferAddress | undefined {
  const parts = offerParts(handle);
  return parts && { root: parts.root, handleHash: parts.handleHash };
}

const hashOf = (handle: string): string => createHash("sha256").update(handle, "ascii").digest("base64url");
