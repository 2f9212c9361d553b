/**
 * Makes others' text safe for a terminal: control characters, line breaks and characters that change the direction of
 * writing become `�`. An agent chooses its purpose freely, and with escape sequences in it could overwrite the lines
 * above. An emoji that is joined from several stays unchanged.
 */
export const plain = (text: string): string =>
  text.replace(/\p{RGI_Emoji}|[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gv, (found) =>
    /^[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]$/u.test(found) ? "\ufffd" : found,
  );

/** JSON of a value that others may have written: JSON escapes line breaks, and leaves much that steers a terminal. */
export const plainJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
