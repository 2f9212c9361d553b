/**
 * Makes others' text safe for a terminal: control characters, line breaks and characters that change the direction of
 * writing become `�`. An agent chooses its purpose freely, and with escape sequences in it could overwrite the lines
 * above. An emoji that is joined from several stays unchanged.
 */
export const plain = (text: string): string =>
  text.replace(/\p{RGI_Emoji}|[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gv, (found) =>
    /^[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]$/u.test(found) ? "\ufffd" : found,
  );
