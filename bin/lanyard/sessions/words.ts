import { short, until } from "../terminal/words.ts";
import type { Session } from "./shapes.ts";

/** What a session holds, with resources only where scopes do not show them. */
export const scopesOf = ({ grants }: Pick<Session, "grants">): string =>
  grants
    .map(({ scopes, detailTypes = [] }) => `${scopes.join(" ")}${detailTypes.length > 0 ? " (restricted)" : ""}`)
    .join(" ");

/**
 * Whether a session lives and until when, or why not. A session with an agent that is not active is shown as refused
 * for now.
 */
export function stateOf({ live, why, idle = [], expiresAtSeconds }: Session, nowSeconds: number): string {
  if (!live) return `OVER: ${why?.text ?? "for no known reason"}`;
  const held = idle.length > 0 ? `IDLE, ${idle.map(short).join(", ")} not active; ` : "";
  return `${held}ends ${until(expiresAtSeconds, nowSeconds)}`;
}

/** What a session was given at AWS, one line a role. */
export const givenLines = ({ aws = [] }: Session, nowSeconds: number): readonly string[] =>
  aws.map(({ role, account, accessKeyId, endsAtSeconds }) => {
    const end = `${endsAtSeconds > nowSeconds ? "ends" : "ended"} ${until(endsAtSeconds, nowSeconds)}`;
    return `role ${role} of ${account}, key ${accessKeyId}, ${end}`;
  });
