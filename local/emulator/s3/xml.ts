/** XML as S3 writes and reads it. */
/** Namespace of S3's documents. */
export const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** A document. */
export const xml = (root: string): string => `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;

/** An element with text inside. */
export function element(name: string, text: string | number | boolean): string {
  // characters that XML cannot say at all are written as references, as S3 does
  const escaped = String(text).replace(/[<>&'"\p{Cc}]/gu, (letter) => `&#${letter.charCodeAt(0)};`);
  return `<${name}>${escaped}</${name}>`;
}

/** Elements in a row; undefined ones are left out. */
export const elements = (members: Readonly<Record<string, string | number | boolean | undefined>>): string =>
  Object.entries(members)
    .map(([name, value]) => (value === undefined ? "" : element(name, value)))
    .join("");

/** A moment as S3 writes it. */
export const moment = (millis: number): string => new Date(millis).toISOString();
