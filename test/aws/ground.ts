import { type Compiling, compileDocuments } from "../../core/aws/compile.ts";
import { end, role, s3, table, typeOf } from "./samples.ts";
import { type Asked, allows, allowsElsewhere } from "./simulate.ts";

/** What is compiled for a session unless a test says more, and what is then asked. */

const compile = (more: Partial<Compiling>) =>
  compileDocuments({
    role: role(s3()),
    scopes: ["files:read"],
    details: [],
    type: typeOf,
    notAfterSeconds: end,
    ...more,
  });

export function documentsOf(more: Partial<Compiling>): readonly string[] {
  const compiled = compile(more);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return [compiled.value.first, ...compiled.value.scoped];
}

export const refusal = (more: Partial<Compiling>) => {
  const compiled = compile(more);
  return compiled.ok ? undefined : compiled.error;
};

export const object = (name: string, more: Partial<Asked> = {}): Asked => ({
  action: "s3:GetObject",
  resource: `arn:aws:s3:::files/${name}`,
  atSeconds: end - 60,
  ...more,
});
export const item = (...keys: string[]): Asked => ({
  action: "dynamodb:GetItem",
  resource: table("items"),
  atSeconds: end - 60,
  context: keys.length > 0 ? { "dynamodb:LeadingKeys": keys } : {},
});
export const bothWays = (documents: readonly string[], asked: Asked) =>
  Promise.all([allows(documents, asked), allowsElsewhere(documents, asked)]);
export const yes = [true, true];
export const no = [false, false];
