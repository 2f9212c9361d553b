import { AccessError } from "../../client/resource/access-error.ts";

/** What came of a check, as a value: tests ask about refusals as often as about what is let in. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: AccessError };

/** The outcome of a check; anything thrown but a refusal is a failure of the test. */
export async function outcomeOf<T>(check: Promise<T> | (() => T)): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await (typeof check === "function" ? check() : check) };
  } catch (error) {
    if (error instanceof AccessError) return { ok: false, error };
    throw error;
  }
}
