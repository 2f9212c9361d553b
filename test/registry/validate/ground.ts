import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { beforeAll } from "vitest";
import { readRegistryFolder } from "../../../bin/lanyard/registry/folder.ts";
import type { RegistryDocument, RegistryProblem } from "../../../core/model/registry-document.ts";
import { validateRegistry } from "../../../core/registry/validate.ts";
import { supportDesk, variables } from "../../kit/example.ts";

type Row = Record<string, unknown> & { kind: string; name: string };

export const settings = {
  issuer: "https://lanyard.support-desk.example",
  trustDomain: "agents.support-desk.example",
  cedar,
};

export let valid: readonly Row[];

export const documents = (rows: readonly unknown[]): RegistryDocument[] =>
  rows.map((value, i) => ({ file: "all.yaml", line: i + 1, value }));

export function problems(rows: readonly unknown[], more: Partial<typeof settings> = {}): readonly RegistryProblem[] {
  const outcome = validateRegistry(documents(rows), { ...settings, ...more });
  return outcome.ok ? [] : outcome.error;
}

/** The valid registry with members of one registration replaced (undefined removes). */
export const changed = (name: string, members: Record<string, unknown>): unknown[] =>
  valid.map((row) => (row.name === name ? { ...row, ...members } : row));

export const plus = (...rows: Record<string, unknown>[]): unknown[] => [...valid, ...rows];

export const messages = (rows: readonly unknown[], more: Partial<typeof settings> = {}) =>
  problems(rows, more).map((p) => `${p.path}: ${p.message}`);

export const sts = (exact: Record<string, string>, more: object = {}) => [
  { type: "aws-sts-web-identity", exact, ...more },
];

export const tickets = "https://tickets.support-desk.example";

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeAll(async () => {
    const folder = await readRegistryFolder(supportDesk, variables);
    if (!folder.ok) throw new Error(JSON.stringify(folder.error));
    valid = folder.value.map((d) => d.value as Row);
  });
}
