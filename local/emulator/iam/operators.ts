/** Condition operators of IAM: how one value of a request is compared with one of a policy. */
import { BlockList, isIP } from "node:net";
import { type Context, hasVariable, textTest } from "./patterns.ts";

/**
 * Makes a policy's value ready, once for all requests.
 * @returns compares a request's value with it; the context fills its variables
 */
type Compare = (wanted: string) => Comparison;
type Comparison = (actual: string, context: Context) => boolean;

/** An operator without quantifier and without `IfExists`. */
interface Operator {
  readonly compare: Compare;
  /** Holds where its comparison with every wanted value fails. */
  readonly negated?: boolean;
  /** Values must be of this kind and hold no variable: AWS fills none there. */
  readonly literal?: (wanted: string) => boolean;
}

const text =
  (comparing: { readonly wildcards: boolean; readonly ignoreCase?: boolean }): Compare =>
  (wanted) => {
    if (hasVariable(wanted)) return (actual, context) => textTest(wanted, context, comparing)(actual);
    return textTest(wanted, {}, comparing);
  };
const same = text({ wildcards: false });
const alike = text({ wildcards: false, ignoreCase: true });
const like = text({ wildcards: true });

const isNumber = (value: string): boolean => /^-?\d+(\.\d+)?$/.test(value);
const number = (test: (a: number, b: number) => boolean): Operator => ({
  compare: (wanted) => (actual) => isNumber(actual) && test(Number(actual), Number(wanted)),
  literal: isNumber,
});

/** A time as policies write it (ISO 8601, or seconds since 1970), in milliseconds; NaN for anything else. */
const millisOf = (value: string): number =>
  /^\d+$/.test(value)
    ? Number(value) * 1000
    : /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$/.test(value)
      ? Date.parse(value)
      : Number.NaN;
const date = (test: (a: number, b: number) => boolean): Operator => ({
  compare: (wanted) => {
    const wantedMillis = millisOf(wanted);
    return (actual) => test(millisOf(actual), wantedMillis);
  },
  literal: (wanted) => !Number.isNaN(millisOf(wanted)),
});

/** Each of the six parts of an ARN is compared for itself, so that no wildcard reaches over a colon before the last. */
const arn: Compare = (wanted) => {
  const tests = partsOf(wanted).map(like);
  return (actual, context) => {
    const found = partsOf(actual);
    return tests.length === 6 && found.length === 6 && tests.every((test, n) => test(found[n] ?? "", context));
  };
};

/** The six parts; a colon of a variable's name is none of the ARN. */
function partsOf(value: string): readonly string[] {
  if (!value.includes("${")) {
    const parts = value.split(":");
    return parts.length < 7 ? parts : [...parts.slice(0, 5), parts.slice(5).join(":")];
  }
  const colons = [...value.matchAll(/\$\{[^}]*\}|:/g)].filter(([found]) => found === ":").map(({ index }) => index);
  const ends = [-1, ...colons.slice(0, 5)];
  return ends.map((end, n) => value.slice(end + 1, ends[n + 1] ?? value.length));
}

const address: Compare = (wanted) => {
  const family = (value: string) => (isIP(value) === 6 ? "ipv6" : "ipv4");
  const [net = "", bits] = wanted.split("/");
  const list = new BlockList();
  if (bits === undefined) list.addAddress(net, family(net));
  else list.addSubnet(net, Number(bits), family(net));
  return (actual) => isIP(actual) !== 0 && list.check(actual, family(actual));
};
const isNet = (value: string): boolean => {
  const [net = "", bits, ...more] = value.split("/");
  const most = isIP(net) === 6 ? 128 : 32;
  return isIP(net) !== 0 && more.length === 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= most));
};

const not = (operator: Operator): Operator => ({ ...operator, negated: true });
const [equalNumbers, equalDates] = [number((a, b) => a === b), date((a, b) => a === b)];

/** By name; `Null` is not here, since it compares no values. */
export const operators: Readonly<Record<string, Operator>> = {
  StringEquals: { compare: same },
  StringNotEquals: not({ compare: same }),
  StringEqualsIgnoreCase: { compare: alike },
  StringNotEqualsIgnoreCase: not({ compare: alike }),
  StringLike: { compare: like },
  StringNotLike: not({ compare: like }),
  ArnEquals: { compare: arn },
  ArnLike: { compare: arn },
  ArnNotEquals: not({ compare: arn }),
  ArnNotLike: not({ compare: arn }),
  Bool: { compare: alike },
  BinaryEquals: { compare: same, literal: (wanted) => !hasVariable(wanted) },
  NumericEquals: equalNumbers,
  NumericNotEquals: not(equalNumbers),
  NumericLessThan: number((a, b) => a < b),
  NumericLessThanEquals: number((a, b) => a <= b),
  NumericGreaterThan: number((a, b) => a > b),
  NumericGreaterThanEquals: number((a, b) => a >= b),
  DateEquals: equalDates,
  DateNotEquals: not(equalDates),
  DateLessThan: date((a, b) => a < b),
  DateLessThanEquals: date((a, b) => a <= b),
  DateGreaterThan: date((a, b) => a > b),
  DateGreaterThanEquals: date((a, b) => a >= b),
  IpAddress: { compare: address, literal: isNet },
  NotIpAddress: not({ compare: address, literal: isNet }),
};
