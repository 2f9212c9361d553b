import { createHash } from "node:crypto";
import type { Ids } from "../model/ports.ts";

/**
 * Where an offer is found: its root, which the handle contains in clear so that no index is needed, and the handle's
 * hash. The row is read before the liveness batch, since only the row contains that batch's keys; so redeeming takes
 * one more round trip.
 */
interface OfferAddress {
  readonly root: string;
  readonly handleHash: string;
}

const shape = /^lyo_([A-Za-z0-9_-]{22})\.[A-Za-z0-9_-]{43}$/;

/** A fresh handle: `lyo_<root>.<256 bits>`. Only its hash is ever stored (threat 17). */
export function newOfferHandle(root: string, ids: Ids): { handle: string; address: OfferAddress } {
  const handle = `lyo_${root}.${ids.secret()}`;
  return { handle, address: { root, handleHash: hashOf(handle) } };
}

/** The address of a presented handle; undefined when it is not a handle at all. */
export function offerAddress(handle: string): OfferAddress | undefined {
  const root = shape.exec(handle)?.[1];
  return root === undefined ? undefined : { root, handleHash: hashOf(handle) };
}

const hashOf = (handle: string): string => createHash("sha256").update(handle, "ascii").digest("base64url");
