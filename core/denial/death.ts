/** Why a session, or one above it, is over. */
export type DeathCause =
  | { readonly kind: "expired"; readonly atSeconds: number }
  | { readonly kind: "tombstone"; readonly sid: string }
  | { readonly kind: "ended"; readonly sid: string }
  | { readonly kind: "missing"; readonly sid: string }
  | { readonly kind: "generation"; readonly subject: string }
  | { readonly kind: "blocked"; readonly subject: string; readonly owns?: string }
  | { readonly kind: "unconfirmed"; readonly subject: string; readonly owns: string }
  | { readonly kind: "burnt" }
  | { readonly kind: "taken_over"; readonly sid: string }
  | { readonly kind: "unreadable" };

/** The rule behind every refusal because something has ended. */
export const aliveRule = "what a request rests on is alive: no tombstone, no raised generation, no block, not expired";

/** The cause as the audit tells it. No caller is told. */
export function deathText(cause: DeathCause): string {
  switch (cause.kind) {
    case "expired":
      return `expired at ${cause.atSeconds}`;
    case "tombstone":
      return `session ${cause.sid} was revoked`;
    case "ended":
      return `session ${cause.sid} was ended`;
    case "missing":
      return `there is no session ${cause.sid}`;
    case "generation":
      return `${cause.subject} was cut`;
    case "blocked":
      return `${cause.subject}${cause.owns === undefined ? "" : `, who owns ${cause.owns},`} is blocked or inactive`;
    case "unconfirmed":
      return `${cause.subject}, who owns ${cause.owns}, has neither signed in nor been confirmed in time`;
    case "burnt":
      return "the person's login was burnt";
    case "taken_over":
      return `session ${cause.sid} was taken over by another key of its agent`;
    case "unreadable":
      return "liveness could not be read";
  }
}
