/** Names of liveness subjects, as used in `Session.epochs` and in table Revocations. */
export const subjects = {
  agent: (id: string) => `agent:${id}`,
  principal: (id: string) => `principal:${id}`,
  build: (digest: string) => `build:${digest}`,
  /** By the name that tokens give it. */
  login: (name: string) => `login:${name}`,
  deployment: "deployment",
} as const;

/** Those a session depends on, as its tokens tell it. */
interface Named {
  readonly principalId: string;
  /** Every agent of the chain, first to current. */
  readonly actors: readonly string[];
  /** Subjects of the logins its root was opened by. */
  readonly logins: readonly string[];
}

/** Subjects that a token names by its other claims, in the order in which its claim `epochs` has their epochs. */
export const namedSubjects = ({ principalId, actors, logins }: Named): readonly string[] => [
  subjects.deployment,
  subjects.principal(principalId),
  ...actors.map(subjects.agent),
  ...logins,
];

/** Characters of a subject's name in the document of cuts: 132 bits of SHA-256. */
export const cutNameCharacters = 22;

/**
 * The text that name is a hash of. It includes the issuer, so that a name means nothing in another deployment. None of
 * the three parts can contain a zero character, so no two subjects have the same text.
 */
export const cutNameText = (issuer: string, subject: string): string => ["lanyard-cuts-v1", issuer, subject].join("\0");
