import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { eventLine } from "../../bin/lanyard/audit/line.ts";
import { showList } from "../../bin/lanyard/terminal/output.ts";
import { plain, plainJson } from "../../bin/lanyard/terminal/plain.ts";
import { treeLines } from "../../bin/lanyard/trace/lines.ts";
import { createRecorder } from "../../core/audit/ocsf.ts";
import { type AuditFacts, ocsfVersions } from "../../core/audit/record.ts";
import { randomIds } from "../kit/keys.ts";
import { exampleForm } from "../kit/records.ts";
import { full, operations } from "./samples.ts";

const recorders = ocsfVersions.map((ocsf) => createRecorder({ ...exampleForm, ocsf }, randomIds));
/** Line breaks of every kind, escape sequences of 7 and 8 bits, NUL, directions of writing, halves of characters. */
const steering = ["\r\n", "\n", "\u0085", "\u2028", "\u2029", "\u001b[2J\u001b]0;x\u0007", "\u009b31m", "\u0000"];
const turning = [
  "\u202e",
  "\u2066",
  "\u200f",
  "\u200b",
  "\ufeff",
  "\u007f",
  "\ud800",
  "\udc00",
  '"},{"forged":"',
  "\\",
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...steering, ...turning), fc.string({ unit: "binary", maxLength: 5 })), {
    minLength: 1,
    maxLength: 30,
  })
  .map((parts) => parts.join(""));
const controls = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

/** In a record, joiners of emoji and of scripts stay. */
const breaking = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

const told = (text: string): Partial<AuditFacts> => ({
  userAgent: text,
  sourceIp: text,
  requestId: text,
  agent: text,
  principal: text,
  offeredTo: text,
  receiver: text,
  requested: { resources: [text], scopes: [text] },
  grants: [{ resource: text, scopes: [text], details: [{ type: text, [text]: text }] }],
  policies: [text],
  purpose: text,
  reason: text,
  target: text,
  evidence: { [text]: text },
  checks: [{ name: text, ok: false, detail: text }],
  operator: { arn: text, uniqueId: text },
  denial: { code: "parameter_invalid", name: text, why: text },
});
const outcomes = fc.constantFrom("allowed", "denied");

describe("threat 34: what a caller writes into a record", () => {
  property.prop([hostile, fc.constantFrom(...operations), outcomes, fc.boolean()], { numRuns: 150 })(
    "is one line of JSON for every reader, and no control of a terminal, in the record and in what is told of it",
    (text, operation, outcome, isLong) => {
      const facts = told(isLong ? text.repeat(200) : text);
      for (const record of recorders) {
        const { body } = record({ ...full(operation), ...facts, outcome } as AuditFacts, "D".repeat(22));
        expect(body).not.toMatch(breaking);
        expect(body.replaceAll("\\\\", "")).not.toContain("\\u");
        const event = JSON.parse(body);
        expect(JSON.stringify(event)).not.toMatch(/\\ud[89a-f]/i);
        expect(event.metadata.uid).toBe("D".repeat(22));
        expect(event).not.toHaveProperty("forged");
        expect(eventLine(event)).not.toMatch(controls);
        expect(plainJson(event)).not.toMatch(controls);
      }
    },
  );

  property.prop([fc.integer({ min: 0, max: 3 }), fc.constantFrom(96, 255, 2_046)])(
    "is never cut within a character",
    (before, around) => {
      const text = `${"x ".repeat(around).slice(0, around + before)}${"😀".repeat(20)}`;
      for (const outcome of ["allowed", "denied"] as const) {
        const { body } = createRecorder(exampleForm, randomIds)(
          { ...full("session.open"), ...told(text), outcome },
          "id",
        );
        expect(body).not.toMatch(/\\ud[89a-f]/i);
      }
    },
  );
});

describe("threat 34: an answer of query and trace tells no control character of a stranger", () => {
  test.each(["table", "json", "jsonl", "tsv", "id"] as const)("as %s", (output) => {
    const lines: string[] = [];
    const items = [...steering, ...turning].map((what) => ({ what }));
    const shape = [{ title: "WHAT", of: ({ what }: { what: string }) => what }];
    const terminal = { out: (line: string) => lines.push(line), err: () => undefined } as never;
    showList({ name: "rows", items, rows: items, shape, id: ({ what }) => what }, { output }, terminal);
    const cells = output === "tsv" ? lines.map((line) => line.replaceAll("\t", "")) : lines;
    expect(cells.join("")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u);
    expect(lines.length).toBeGreaterThan(0);
  });

  test("as a tree", () => {
    const agent = [...steering, ...turning].join("x");
    const node = { sid: agent, agent, principal: agent, depth: 0, sinceMillis: 0, children: [], events: [], calls: [] };
    expect(treeLines([node]).join("")).not.toMatch(
      /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u,
    );
    expect(plain(agent)).not.toContain("\u009b");
  });
});
