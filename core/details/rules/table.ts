import type { RuleName } from "../../model/resource-registration.ts";
import { max, min, range } from "./numbers.ts";
import { path } from "./path.ts";
import type { Rule } from "./rule.ts";
import { not, oneOf } from "./sets.ts";
import { exact, prefix } from "./texts.ts";
import { after, before } from "./times.ts";
import { url } from "./url.ts";

/** Drops the type of a rule's bounds, which only the rule itself reads. */
const any = <Bound>(rule: Rule<Bound>): Rule<unknown> => rule as Rule<unknown>;

/** Every rule by which a field can be compared. A value can be narrower only by one of these. */
const rules: Readonly<Record<RuleName, Rule<unknown>>> = {
  one_of: any(oneOf),
  not: any(not),
  exact: any(exact),
  max: any(max),
  min: any(min),
  range: any(range),
  before: any(before),
  after: any(after),
  prefix: any(prefix),
  path: any(path),
  url: any(url),
};

/** A rule by name; undefined for an unknown name. */
export const ruleOf = (name: string): Rule<unknown> | undefined =>
  Object.hasOwn(rules, name) ? rules[name as RuleName] : undefined;
