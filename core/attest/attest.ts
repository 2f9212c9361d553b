import type { RefusalFold } from "../audit/fold.ts";
import type { Clock, Ids, MacSource, Signer } from "../ports.ts";
import type { RegistrySource } from "../registry/snapshot.ts";
import type { Outbox, SessionStore } from "../session/store.ts";
import type { Call, Reply } from "../wire.ts";
import type { Attestor } from "./attestor.ts";

/** What attestation needs. */
export interface AttestDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly registries: RegistrySource;
  readonly store: SessionStore;
  readonly outbox: Outbox;
  readonly fold: RefusalFold;
  readonly attestors: readonly Attestor[];
  /** Of purpose identity. */
  readonly signer: Signer;
  readonly macs: MacSource;
  readonly issuer: string;
  readonly trustDomain: string;
}

/** `POST /` and `POST /challenge`. */
export function createAttestEndpoint(_deps: AttestDeps): (call: Call) => Promise<Reply> {
  throw new Error("not built yet");
}
