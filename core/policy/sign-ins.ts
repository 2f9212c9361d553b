import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { SignIn, SignInRule } from "../model/sign-in.ts";

/** What is read of a policy's JSON form. */
type Annotated = Pick<cedarWasm.PolicyJson, "effect" | "annotations">;

/** Characters of a value that needs no escape in a header, in JSON or in a list with blanks (RFC 6749 appendix A). */
const acrForm = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * What a policy wants of the person's sign-in by its annotations: `@max_age("300")`, seconds since `auth_time`, and
 * `@acr("urn:example:gold urn:example:silver")`, of which the sign-in must have one.
 * @returns the rule; nothing for a policy without them; or in a sentence why they make no rule
 */
export function signInRuleOf({ effect, annotations }: Annotated): Result<SignInRule | undefined, string> {
  const { max_age: age, acr } = annotations ?? {};
  if (age === undefined && acr === undefined) return ok(undefined);
  if (effect !== "permit") return err("@max_age and @acr belong to a permit: no sign-in lifts what is forbidden");
  const { signInAgeMostSeconds: most, acrValuesMost, acrCharacters } = limits;
  const maxAgeSeconds = age !== null && /^[1-9][0-9]{0,5}$/.test(age ?? "1") ? Number(age ?? 1) : 0;
  if (maxAgeSeconds < 1 || maxAgeSeconds > most)
    return err(`@max_age is a whole number of seconds from 1 to ${most}: @max_age("300")`);
  const acrValues = acr?.split(" ") ?? [];
  const fits = (value: string): boolean => value.length <= acrCharacters && acrForm.test(value);
  if (acr !== undefined && (acrValues.length === 0 || acrValues.length > acrValuesMost || !acrValues.every(fits)))
    return err(
      `@acr names 1 to ${acrValuesMost} values with one blank between, each up to ${acrCharacters} printable ASCII characters without quotes and backslashes`,
    );
  return ok({ ...(age === undefined ? {} : { maxAgeSeconds }), ...(acr === undefined ? {} : { acrValues }) });
}

/**
 * Whether a sign-in is what a rule wants. What is not known of it is not satisfied, nor is a time to come, by which it
 * would stay fresh for long.
 */
export function isSatisfied(rule: SignInRule, signIn: SignIn | undefined, nowSeconds: number): boolean {
  const { maxAgeSeconds, acrValues } = rule;
  const age = nowSeconds - (signIn?.atSeconds ?? Number.NaN);
  const young = maxAgeSeconds === undefined || (age <= maxAgeSeconds && age >= -limits.foreignSkewSeconds);
  return young && (acrValues === undefined || acrValues.includes(signIn?.acr ?? ""));
}

/**
 * What is enough for one answer: any of the permits that made it may be satisfied, so nothing where one of them wants
 * nothing. Those that want no `acr` come before those that do, and of them the one that lets the sign-in be oldest.
 * Where all want one, any of their values by a sign-in that is young enough for each.
 */
export function enoughForOne(
  policies: readonly string[],
  rules: ReadonlyMap<string, SignInRule>,
): SignInRule | undefined {
  const wanted: SignInRule[] = [];
  for (const name of policies) {
    const rule = rules.get(name);
    if (!rule) return undefined;
    wanted.push(rule);
  }
  if (wanted.length === 0) return undefined;
  const plain = wanted.filter(({ acrValues }) => !acrValues);
  if (plain.length > 0) return { maxAgeSeconds: Math.max(...plain.map(agesOf)) };
  const acrValues = [...new Set(wanted.flatMap((rule) => rule.acrValues ?? []))];
  return { ...youngest(wanted), acrValues };
}

/**
 * What is enough for several needs together: a sign-in that is young enough for each, of a value that all of them take.
 * @returns undefined where no sign-in could satisfy them all
 */
export function enoughForAll(needs: readonly SignInRule[]): SignInRule | undefined {
  const lists = needs.flatMap(({ acrValues }) => (acrValues ? [acrValues] : []));
  const [first, ...rest] = lists;
  const acrValues = first?.filter((value) => rest.every((list) => list.includes(value)));
  if (acrValues?.length === 0) return undefined;
  return { ...youngest(needs), ...(acrValues ? { acrValues } : {}) };
}

const agesOf = ({ maxAgeSeconds }: SignInRule): number => maxAgeSeconds ?? Number.POSITIVE_INFINITY;

function youngest(rules: readonly SignInRule[]): Pick<SignInRule, "maxAgeSeconds"> {
  const least = Math.min(...rules.map(agesOf));
  return Number.isFinite(least) ? { maxAgeSeconds: least } : {};
}
