/** A person the demo provider knows. */
interface Person {
  /** The provider's `sub`. */
  readonly sub: string;
  readonly name: string;
  /** Groups, as the `groups` claim says them; the registry's lending rules read it. */
  readonly groups: readonly string[];
}

/**
 * Ada may lend what the support group may; Grace is signed in just as well, but in no group that lends anything. Barbara
 * is of the release group, which lends nothing and approves.
 */
const people: readonly Person[] = [
  { sub: "ada", name: "Ada", groups: ["support"] },
  { sub: "grace", name: "Grace", groups: ["visitors"] },
  { sub: "barbara", name: "Barbara", groups: ["release"] },
];

/** The person whom `GET <signIn>` signs in when the request names nobody. */
export const demoPerson = "ada";

/** The person of this `sub`, if there is one. */
export const personOf = (sub: string): Person | undefined => people.find((person) => person.sub === sub);
