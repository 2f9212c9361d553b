/**
 * dynalite's parsers, asked once for each expression: what code writes is the same a thousand times over, and parsing it
 * was half of what a call cost the store.
 */
import conditionParser, { type Parser, type ParserContext } from "dynalite/db/conditionParser.js";
import projectionParser from "dynalite/db/projectionParser.js";
import updateParser from "dynalite/db/updateParser.js";

/** What a parser made of an expression, with holes where the request's values go. */
interface Known {
  readonly shape: unknown;
  /** Names and values that it used: those that are left over are refused elsewhere. */
  readonly usedNames: readonly string[];
  readonly usedValues: readonly string[];
}

/** A hole. */
class Value {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** These two look into values while they are parsed; everything else asks for their types alone. */
const looksIntoValues = /between|attribute_type/i;
const mostKnown = 2_000;

/**
 * Makes a parser that remembers. An expression is known by its text, its names and the types of its values; each answer is
 * a copy of its own.
 */
export function remembering(parse: Parser["parse"]): Parser["parse"] {
  const known = new Map<string, Known>();
  return (text, options) => {
    const { context } = options;
    if (looksIntoValues.test(text)) return parse(text, options);
    const key = keyOf(text, context);
    const found = known.get(key);
    if (found !== undefined) return filled(found, context);
    const names = Object.keys(context.attrNames ?? {});
    const values = Object.keys(context.attrVals ?? {});
    const unused = { unusedAttrNames: marks(names), unusedAttrVals: marks(values) };
    const parsed = parse(text, { ...options, context: { ...context, ...unused } });
    // a text is a refusal, and says what it refused
    if (typeof parsed === "string") return parsed;
    const holes = new Map(values.map((name) => [context.attrVals?.[name], new Value(name)] as [unknown, Value]));
    const made: Known = {
      shape: copied(parsed, (node) => holes.get(node)),
      usedNames: names.filter((name) => !(name in unused.unusedAttrNames)),
      usedValues: values.filter((name) => !(name in unused.unusedAttrVals)),
    };
    if (known.size >= mostKnown) known.clear();
    known.set(key, made);
    return filled(made, context);
  };
}

const marks = (names: readonly string[]): Record<string, true> =>
  Object.fromEntries(names.map((name) => [name, true] as const));

const keyOf = (text: string, { attrNames, attrVals }: ParserContext): string =>
  JSON.stringify([text, attrNames, Object.entries(attrVals ?? {}).map(([name, value]) => [name, Object.keys(value)])]);

function filled({ shape, usedNames, usedValues }: Known, context: ParserContext): unknown {
  for (const name of usedNames) delete context.unusedAttrNames?.[name];
  for (const name of usedValues) delete context.unusedAttrVals?.[name];
  return copied(shape, (node) => (node instanceof Value ? context.attrVals?.[node.name] : undefined));
}

/** A copy; what stands in several places does so in the copy. */
function copied(root: unknown, instead: (node: object) => unknown): unknown {
  const seen = new Map<object, unknown>();
  const copy = (node: unknown): unknown => {
    if (typeof node !== "object" || node === null) return node;
    const other = instead(node) ?? seen.get(node);
    if (other !== undefined) return other;
    const made = Array.isArray(node) ? [] : Object.create(Object.getPrototypeOf(node));
    seen.set(node, made);
    for (const [name, member] of Object.entries(node)) made[name] = copy(member);
    return made;
  };
  return copy(root);
}

let done = false;
/** Lets dynalite's validation ask parsers that remember; once for the process, which has one dynalite. */
export function rememberExpressions(): void {
  if (done) return;
  done = true;
  for (const parser of [conditionParser, projectionParser, updateParser]) parser.parse = remembering(parser.parse);
}
