import type { Clock } from "../../core/model/ports.ts";
import type { AccessToken } from "./access-token.ts";
import { type Life, surelyLives } from "./life.ts";

/** An access token and how long it surely lives. */
export interface KeptToken {
  readonly access: AccessToken;
  readonly life: Life;
}

/** Access tokens of one session, by resource and scopes. */
interface KeptTokens {
  /** One that lives long enough, or a fresh one. */
  take(resource: string, scopes: readonly string[] | undefined): Promise<AccessToken>;
  /** Keeps one for all that the session holds at its resource. */
  put(resource: string, token: KeptToken): void;
  clear(): void;
}

/** A kept token is not handed out in its last seconds: the call it is for must still arrive in time. */
const marginSeconds = 20;

/**
 * Keeps access tokens as long as they live. Whoever asks while one is fetched gets that one: a burst of calls makes one
 * request.
 * @param fetchToken gets a token from the issuer
 */
export function keepTokens(
  fetchToken: (resource: string, scopes: readonly string[] | undefined) => Promise<KeptToken>,
  clock: Clock,
): KeptTokens {
  const kept = new Map<string, KeptToken>();
  const flights = new Map<string, Promise<KeptToken>>();
  return {
    async take(resource, scopes) {
      const at = keptKey(resource, scopes);
      const held = kept.get(at);
      if (held && surelyLives(held.life, marginSeconds, clock)) return held.access;
      const flight =
        flights.get(at) ??
        fetchToken(resource, scopes)
          .then((fetched) => {
            kept.set(at, fetched);
            return fetched;
          })
          .finally(() => flights.delete(at));
      flights.set(at, flight);
      return (await flight).access;
    },
    put: (resource, token) => void kept.set(keptKey(resource, undefined), token),
    clear: () => kept.clear(),
  };
}

const keptKey = (resource: string, scopes: readonly string[] | undefined): string =>
  JSON.stringify([resource, scopes ? [...scopes].sort() : null]);
