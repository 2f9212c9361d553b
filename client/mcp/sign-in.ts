import type { OAuthClientProvider, OAuthDiscoveryState } from "@modelcontextprotocol/client";
import { base64urlOf } from "../../core/text/base64url.ts";
import { LanyardError } from "../error.ts";
import type { SignIn } from "./grants.ts";

/** What the SDK asks a provider about a sign-in. */
type SignInPart = Pick<
  OAuthClientProvider,
  "state" | "redirectToAuthorization" | "saveCodeVerifier" | "codeVerifier" | "saveDiscoveryState" | "discoveryState"
>;

/** One provider's sign-ins, one at a time. */
export interface SignIns {
  readonly part: SignInPart;
  /**
   * Whether a browser came back from the sign-in that is under way; each `state` is used once (RFC 6749 10.12).
   * @throws LanyardError `request_refused`
   */
  expect(state: string | null): void;
  /** Forgets which authorization server it was: the next token may come from another one. */
  done(): void;
}

/** Keeps `state`, code verifier and authorization server of the sign-in that is under way. */
export function createSignIns(signIn: SignIn | undefined): SignIns {
  let state: string | undefined;
  let verifier = "";
  let discovered: OAuthDiscoveryState | undefined;
  const refuse = (description: string) => new LanyardError("request_refused", "sign-in", { description });
  return {
    expect(answered) {
      const expected = state;
      state = undefined;
      if (expected === undefined || answered !== expected) throw refuse("the browser came back from another sign-in");
    },
    done() {
      discovered = undefined;
      verifier = "";
    },
    part: {
      state() {
        state = base64urlOf(crypto.getRandomValues(new Uint8Array(16)));
        return state;
      },
      async redirectToAuthorization(url) {
        if (!signIn) throw refuse("nobody signs in here");
        await signIn.open(url);
      },
      saveCodeVerifier(made) {
        verifier = made;
      },
      codeVerifier: () => verifier,
      // the answer to a sign-in belongs to the server it began at, whatever the resource says meanwhile
      ...(signIn && {
        saveDiscoveryState(found) {
          discovered = found;
        },
        discoveryState: () => discovered,
      }),
    },
  };
}
