import type { Step, Watcher } from "./step.ts";
import type { TreeLine } from "./tree.ts";

/** Where and how the run is shown to a person. */
export interface Page extends Watcher {
  /** A heading with air around it. */
  heading(text: string): void;
  /**
   * Something is being started or, with a time, is up. What is being started stands on one line with the time since: on a
   * terminal it is rewritten as long as it lasts, elsewhere it is one plain line each.
   */
  progress(text: string, ms?: number): void;
  /** Ends the line that is being rewritten. */
  settle(): void;
  line(text: string): void;
  tree(lines: readonly TreeLine[]): void;
  /** The last line of a run. */
  total(ok: boolean, text: string, ms: number): void;
}

/** A stream that may be a terminal. */
interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const width = 92;
const codes = { dim: 2, bold: 1, green: 32, red: 31, yellow: 33, cyan: 36 } as const;

/**
 * A page on `sink`. Colours only on a terminal, and none when NO_COLOR is set (https://no-color.org).
 * @param environment where NO_COLOR is looked for
 */
export function createPage(sink: Sink, environment: Readonly<Record<string, string | undefined>>): Page {
  const coloured = sink.isTTY === true && !environment.NO_COLOR;
  const paint = (kind: keyof typeof codes, text: string) =>
    coloured ? `\u001b[${codes[kind]}m${text}\u001b[0m` : text;
  const line = (text = "") => void sink.write(`${text}\n`);
  const columns = Math.min(Math.max(sink.columns ?? width, 60), width);
  /** Text at the left, time at the right end of the line. */
  const timed = (left: string, plainLength: number, ms: number | undefined) => {
    const right = ms === undefined ? "" : duration(ms);
    const gap = " ".repeat(Math.max(2, columns - plainLength - right.length));
    line(ms === undefined ? left : `${left}${gap}${paint("dim", right)}`);
  };
  const doing = createDoing(sink, (text) => timed(`  ${paint("dim", "·")} ${text}`, text.length + 4, undefined));
  const { settle } = doing;
  return {
    line(text) {
      settle();
      line(text);
    },
    settle,
    heading: (text) => line(`\n${paint("bold", text)}\n`),
    progress(text, ms) {
      if (ms === undefined) return doing.begin(text);
      settle();
      timed(`  ${paint("dim", "·")} ${text}`, text.length + 4, ms);
    },
    began: (name) => (sink.isTTY === true ? doing.begin(name) : undefined),
    ended(step: Step) {
      settle();
      const mark = step.ok ? paint("green", "✓") : paint("red", "✗");
      timed(`  ${mark} ${paint("bold", step.name)}`, step.name.length + 4, step.ms);
      for (const row of wrap(step.detail.says, columns - 4))
        line(`    ${step.ok ? paint("dim", row) : paint("red", row)}`);
    },
    tree(lines) {
      for (const { branch, text, outcome, note } of lines) {
        const verdict = outcome === "denied" ? paint("red", "denied ") : outcome ? paint("green", "allowed") : "";
        const padded = outcome ? text.padEnd(Math.max(1, 50 - branch.length)) : paint("bold", text);
        const after = outcome ? `  ${verdict}` : "";
        line(`  ${paint("dim", branch)}${padded}${after}${note ? `  ${paint("dim", note)}` : ""}`.trimEnd());
      }
    },
    total(ok, text, ms) {
      settle();
      line();
      const mark = ok ? paint("green", "✓") : paint("red", "✗");
      timed(`  ${mark} ${paint("bold", text)}`, text.length + 4, ms);
      line();
    },
  };
}

/** What is under way: one line, rewritten twice a second on a terminal. */
function createDoing(sink: Sink, plain: (text: string) => void) {
  let timer: NodeJS.Timeout | undefined;
  const settle = () => {
    if (timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    sink.write("\r\u001b[K");
  };
  return {
    settle,
    begin(text: string) {
      settle();
      if (sink.isTTY !== true) return plain(text);
      const startMillis = performance.now();
      const most = Math.max(20, (sink.columns ?? width) - 14);
      const show = () =>
        sink.write(`\r\u001b[K  … ${text.slice(0, most)}, ${Math.round((performance.now() - startMillis) / 1000)} s`);
      show();
      timer = setInterval(show, 500).unref();
    },
  };
}

/** `83 ms`, `1.42 s`. */
const duration = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);

function wrap(text: string, columns: number): readonly string[] {
  const rows: string[] = [];
  for (const word of text.split(" ")) {
    const last = rows.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) rows[rows.length - 1] = `${last} ${word}`;
    else rows.push(word);
  }
  return rows;
}
