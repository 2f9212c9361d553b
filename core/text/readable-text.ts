/**
 * Text in which everything can be seen: no control and no format character (marks that turn the writing round, joiners
 * without width), no line or paragraph separator, no half of a character. Two texts that differ in one of those look
 * alike to whoever registers, reads a log or decides. Scripts are no matter: branches and environments are named in all.
 */
export const readableText: RegExp = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u;
