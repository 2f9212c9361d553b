import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Answer } from "../test/kit/wire/http.ts";
import { Departure } from "./departure.ts";

/** Throws a departure unless `holds`. */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Departure(otherwise);
}

/** The two values are deeply equal. */
export function same(found: unknown, wanted: unknown, what: string): void {
  must(isDeepStrictEqual(found, wanted), `${what} is ${short(found)}, not ${short(wanted)}`);
}

/** `list` is an array that holds `wanted`. */
export function holds(list: unknown, wanted: unknown, what: string): void {
  must(Array.isArray(list) && list.includes(wanted), `${what} ${short(list)} lacks ${short(wanted)}`);
}

/** `value` is an object that is no array. */
export function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  must(typeof value === "object" && value !== null && !Array.isArray(value), `${what} is no object: ${short(value)}`);
  return value as Record<string, unknown>;
}

/** `value` is a text that is not empty. */
export function text(value: unknown, what: string): string {
  must(typeof value === "string" && value !== "", `${what} is no text: ${short(value)}`);
  return value;
}

/** The answer is a success. */
export function granted(answer: Answer): Readonly<Record<string, unknown>> {
  must(answer.status === 200, `status ${answer.status}: ${short(answer.json)}`);
  return answer.json;
}

/** The answer is an OAuth error (RFC 6749 5.2) with this status and one of these codes. */
export function refused(answer: Answer, status: number, ...errors: readonly string[]): void {
  const { error } = answer.json;
  must(
    answer.status === status && typeof error === "string" && errors.includes(error),
    `answered ${answer.status} ${short(error ?? answer.text.slice(0, 80))}, not ${status} ${errors.join(" or ")}`,
  );
}

const short = (value: unknown): string => {
  const said = JSON.stringify(value) ?? String(value);
  return said.length > 120 ? `${said.slice(0, 117)}...` : said;
};

/** What does not come in this time never comes: no guess at how fast a target, or the machine it runs on, is. */
const longStopMillis = 300_000;

/**
 * Waits for what has to come.
 * @param look finds it, or undefined as long as it is not there
 * @param otherwise what is said when it never comes
 * @param everyMillis how long to wait between two looks
 * @returns what was found, and how many milliseconds that took
 */
export async function eventually<T>(
  look: () => Promise<T | undefined>,
  otherwise: string,
  everyMillis = 50,
): Promise<{ readonly found: T; readonly afterMillis: number }> {
  const startMillis = performance.now();
  for (;;) {
    const found = await look();
    const afterMillis = Math.round(performance.now() - startMillis);
    if (found !== undefined) return { found, afterMillis };
    must(afterMillis < longStopMillis, `${otherwise} after ${longStopMillis / 1_000} s`);
    await sleep(everyMillis);
  }
}
