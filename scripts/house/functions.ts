/** Every function of a file: how long it is and what it takes. */
import type { parseSync } from "rolldown/utils";

/** One function, method or arrow. */
export interface Measured {
  /** Its own name, or that of what it is given to. */
  readonly name: string;
  readonly line: number;
  /** Lines from its first to its last, comments and inner functions included. */
  readonly lines: number;
  /** Parameters that are told apart by their place alone. */
  readonly positional: number;
  /** Nothing but one list of cases or values: it is read a line at a time, so that its length costs nobody anything. */
  readonly isTable: boolean;
}

type Program = ReturnType<typeof parseSync>["program"];

/** Any node of the tree; what a kind holds is looked at where it is asked for. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Partial<Node>).type === "string";

const isFunction = ({ type }: Node): boolean =>
  /^(Function(Declaration|Expression)|ArrowFunctionExpression)$/.test(type);

const children = (node: Node): readonly Node[] => Object.values(node).flat().filter(isNode);

/** All functions of a file, the outer before the inner. */
export function functionsOf(program: Program, lineOf: (offset: number) => number): readonly Measured[] {
  const found: Measured[] = [];
  const visit = (node: Node, name: string): void => {
    const own = nameOf(node) ?? name;
    if (isFunction(node)) {
      const line = lineOf(node.start);
      found.push({
        name: own,
        line,
        lines: lineOf(node.end) - line + 1,
        positional: positional(node),
        isTable: isTable(node),
      });
    }
    for (const child of children(node)) visit(child, own);
  };
  visit(program as unknown as Node, "(module)");
  return found;
}

/** The name that a declaration, a variable or a member gives to what stands in it. */
function nameOf({ id, key, type }: Node): string | undefined {
  const named = type === "Property" || type === "MethodDefinition" ? key : id;
  return isNode(named) && typeof named.name === "string" ? named.name : undefined;
}

/** A type for `this` is no parameter. */
const positional = ({ params }: Node): number =>
  (params as readonly Node[]).filter(({ type, name }) => !(type === "Identifier" && name === "this")).length;

function isTable({ body }: Node): boolean {
  if (!isNode(body)) return false;
  if (body.type !== "BlockStatement") return isPlainLiteral(body);
  const [only, ...more] = body.body as readonly Node[];
  if (only === undefined || more.length > 0) return false;
  if (only.type === "SwitchStatement") return true;
  return only.type === "ReturnStatement" && isNode(only.argument) && isPlainLiteral(only.argument);
}

/** An object or a list of values, with no function among them. */
const isPlainLiteral = (node: Node): boolean =>
  (node.type === "ObjectExpression" || node.type === "ArrayExpression") && !holdsFunction(node);

const holdsFunction = (node: Node): boolean => isFunction(node) || children(node).some(holdsFunction);
