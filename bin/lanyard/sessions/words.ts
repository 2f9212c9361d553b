import { short, until } from "../terminal/words.ts";
import type { Session } from "./shapes.ts";

/** What a session holds, resource by resource only where scopes do not say it already. */
export const scopesOf = ({ grants }: Pick<Session, "grants">): string =>
  grants
    .map(({ scopes, detailTypes = [] }) => `${scopes.join(" ")}${detailTypes.length > 0 ? " (restricted)" : ""}`)
    .join(" ");

/** Whether a session lives and until when, or why not; one through an agent that is not active is refused meanwhile. */
export function stateOf({ live, why, idle = [], expiresAtSeconds }: Session, nowSeconds: number): string {
  if (!live) return `OVER: ${why?.text ?? "for no known reason"}`;
  const held = idle.length > 0 ? `IDLE, ${idle.map(short).join(", ")} not active; ` : "";
  return `${held}ends ${until(expiresAtSeconds, nowSeconds)}`;
}
