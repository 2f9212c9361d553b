/**
 * Text without anything invisible: no control and no format character (marks that reverse the direction of writing,
 * joiners without width), no line or paragraph separator, no half of a surrogate pair. Two texts that differ only in
 * one of those look the same to the person who registers them or reads them in a log. Every script is allowed, since
 * branches and environments have names in all of them.
 */
export const readableText: RegExp = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u;
