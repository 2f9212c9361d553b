import type { Reply } from "../model/wire.ts";

/** A public document, which anybody may keep for so long. */
export const published = (body: string, contentType: string, maxAgeSeconds: number): Reply => ({
  status: 200,
  contentType,
  headers: { "Cache-Control": `public, max-age=${maxAgeSeconds}` },
  body,
});
