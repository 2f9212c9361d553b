import type { Reply } from "../model/wire.ts";

/** A public document that may be cached for `maxAgeSeconds`. */
export const published = (body: string, contentType: string, maxAgeSeconds: number): Reply => ({
  status: 200,
  contentType,
  headers: { "Cache-Control": `public, max-age=${maxAgeSeconds}` },
  body,
});
