import type { Clock } from "../../core/model/ports.ts";
import type { AccessToken } from "./access-token.ts";
import { type Life, surelyLives } from "./life.ts";

/** An access token and how long it is certainly valid. */
export interface KeptToken {
  readonly access: AccessToken;
  readonly life: Life;
}

/** Access tokens of one session, by resource and scopes. */
interface KeptTokens {
  /** A kept token that is valid long enough, or a new one. */
  take(resource: string, scopes: readonly string[] | undefined): Promise<AccessToken>;
  /** Keeps a token that carries everything the session holds at its resource. */
  put(resource: string, token: KeptToken): void;
  clear(): void;
}

/** A kept token is not used in its last seconds, since its call must still arrive in time. */
const marginSeconds = 20;

/**
 * Keeps access tokens as long as they are valid. Calls that ask while a token is being fetched get that token, so a
 * burst of calls makes one request.
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
