import type { AccessError } from "../resource/access-error.ts";

/** A refusal as the platform's own answer. */
export const responseOf = ({ status, headers, body }: AccessError["reply"]): Response =>
  new Response(body === "" ? null : body, { status, headers: { ...headers } });
