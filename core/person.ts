import type { Denial } from "./denial.ts";
import type { KeySets } from "./keys/key-sets.ts";
import type { Clock } from "./ports.ts";
import type { AgentRegistration } from "./registry/model.ts";
import type { RegistrySnapshot } from "./registry/snapshot.ts";
import type { Result } from "./result.ts";
import type { Principal } from "./session/model.ts";

/** What a person's token proves. */
export interface PersonFacts {
  readonly principal: Principal;
  readonly claims: Record<string, unknown>;
  readonly issuedAtSeconds: number;
  readonly authTimeSeconds?: number;
  readonly expiresAtSeconds: number;
  /** Key under which this token is burnt for this agent once its root session is revoked. */
  readonly burnMarker: string;
}

/** What a person's token is checked against. */
export interface PersonInput {
  readonly token: string;
  readonly type: "id" | "access";
  readonly agentId: string;
  readonly registration: AgentRegistration;
  readonly registry: RegistrySnapshot;
  readonly keySets: KeySets;
  readonly clock: Clock;
  readonly ownIssuer: string;
}

/** Verifies a person's ID or access token for one agent. */
export function verifyPerson(_input: PersonInput): Promise<Result<PersonFacts, Denial>> {
  throw new Error("not built yet");
}
