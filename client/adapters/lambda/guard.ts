import type { Authenticated } from "../../resource/authenticated.ts";
import type { ResourceServerInput } from "../../resource/resource-server.ts";
import { type AdmissionInput, createAdmission } from "../admission.ts";
import { type AddressInput, createAddress } from "./address.ts";
import { type ReadEvent, readEvent } from "./event.ts";

/** A resource that a Lambda function guards: as for every resource server, and how the function knows its own URL. */
export interface LambdaGuardInput
  extends Omit<ResourceServerInput, "requestUrl">,
    Omit<AddressInput, "resource">,
    AdmissionInput {}

/** An event that was let in. */
interface AdmittedEvent {
  readonly read: ReadEvent;
  readonly caller: Authenticated;
}

/**
 * The guard of a function: it reads the event, builds the URL and judges.
 * @returns throws AccessError for what is refused, TypeError for what is no HTTP request of the configured kind
 * @throws TypeError as {@link createAddress} and `createResourceServer`
 */
export function createLambdaAdmission(input: LambdaGuardInput): (event: unknown) => Promise<AdmittedEvent> {
  const urlOf = createAddress(input);
  const { requestUrl: _base, ...resource } = input;
  // the URL is already whole, and by our own rule
  const admit = createAdmission({ ...resource, requestUrl: ({ url }) => url });
  return async (event) => {
    const read = readEvent(event);
    const { method, headers } = read;
    return { read, caller: await admit({ method, url: urlOf(read), headers }) };
  };
}
