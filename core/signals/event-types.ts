/**
 * What an event does here. `gone`: nothing new for the person either, until an operator lifts that. `over`: what stands
 * on the person's sign-ins so far ends, and a new one counts. `noted`: nothing.
 */
type Effect = "gone" | "over" | "noted";

const caep = "https://schemas.openid.net/secevent/caep/event-type/";
const risc = "https://schemas.openid.net/secevent/risc/event-type/";

/** The events that end something. What is not among them is noted and changes nothing. */
const ending: ReadonlyMap<string, Effect> = new Map([
  // RISC 1.0 2.2, 2.4: the provider lets the person in no more
  [`${risc}account-purged`, "gone"],
  [`${risc}account-disabled`, "gone"],
  // CAEP 1.0 3.1, and its older name (RISC 1.0 2.10)
  [`${caep}session-revoked`, "over"],
  [`${risc}sessions-revoked`, "over"],
  // RISC 1.0 2.1, 2.7: somebody else may have signed in
  [`${risc}account-credential-change-required`, "over"],
  [`${risc}credential-compromise`, "over"],
]);

/** What an event of this type does. */
export const effectOf = (type: string): Effect => ending.get(type) ?? "noted";
