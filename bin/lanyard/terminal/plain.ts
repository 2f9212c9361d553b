/**
 * Text of others as a terminal may show it: control characters, line breaks and those that turn the direction of writing
 * become `�`. A purpose is an agent's own word, and one with escape sequences in it could rewrite what stands above it. An emoji that is
 * several joined into one stays what it is.
 */
export const plain = (text: string): string =>
  text.replace(/\p{RGI_Emoji}|[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gv, (found) =>
    /^[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]$/u.test(found) ? "\ufffd" : found,
  );
