import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { TokenRequest } from "../request.ts";
import type { ResolvedSubject } from "../resolve-subject-token.ts";

/** What a request that waits is decided by once more. */
interface Resumed {
  readonly request: TokenRequest;
  readonly subject: Resumable;
}

/** The subjects that a request may wait with; an offer and its redemption are not among them. */
type Resumable = Exclude<ResolvedSubject, { readonly kind: "offer" | "redeemed" }>;

/** Whether a request with this subject may wait. */
export const isResumable = (subject: ResolvedSubject): subject is Resumable =>
  subject.kind !== "offer" && subject.kind !== "redeemed";

/**
 * The text that is stored of a request. No token is in it, and of the person's claims those alone that lending rules of
 * the issuer read.
 */
export function toResume({ request, subject }: Resumed, registry: RegistrySnapshot): string {
  const { subject: _, actorToken: __, clientId: ___, purpose: ____, ...asked } = request;
  return JSON.stringify({ request: asked, subject: lean(subject, registry) });
}

function lean(subject: Resumable, registry: RegistrySnapshot): Resumable {
  if (subject.kind === "session" || subject.kind === "hop")
    return { ...subject, token: { ...subject.token, claims: {} } };
  if (subject.kind === "own") return subject;
  const { claims } = subject.person;
  const rules = registry.delegationRulesOf(String(claims.iss));
  const read = new Set(["iss", ...rules.flatMap(({ when }) => [when.claim, when.verifiedBy ?? when.claim])]);
  const kept = Object.fromEntries(Object.entries(claims).filter(([name]) => read.has(name)));
  return { ...subject, person: { ...subject.person, claims: kept } };
}

/** Reads what {@link toResume} wrote; nobody but the token endpoint may write it. */
export const resumeOf = (text: string): Resumed => JSON.parse(text) as Resumed;
