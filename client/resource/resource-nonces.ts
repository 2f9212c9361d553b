import { createDpopNonces, type DpopNonces } from "../../core/jose/dpop.ts";
import type { Clock } from "../../core/model/ports.ts";
import { bytesOfBase64url } from "../../core/text/base64url.ts";
import { hmacSha256 } from "../../core/text/digest.ts";
import { machineClock } from "../machine-clock.ts";

/** Input of a resource server's own nonces. */
export interface ResourceNoncesInput {
  readonly resource: string;
  /** At least 32 bytes, the same in every process of the resource; a new one for this process when left out. */
  readonly secret?: Uint8Array;
  readonly clock?: Clock;
}

/**
 * Nonces for the proofs of a resource's callers (RFC 9449 9): each is valid in its minute and the next, and nothing is
 * stored.
 * @throws RangeError for a secret that is shorter than 32 bytes
 */
export function createResourceNonces({ resource, secret = freshSecret(), clock }: ResourceNoncesInput): DpopNonces {
  if (secret.length < 32) throw new RangeError("the secret of nonces needs at least 32 bytes");
  return createDpopNonces({
    clock: clock ?? machineClock,
    server: resource,
    macs: {
      minuteKey: async (minute) => bytesOfBase64url(await hmacSha256(secret, `minute ${minute}`)) ?? new Uint8Array(),
    },
  });
}

const freshSecret = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32));
