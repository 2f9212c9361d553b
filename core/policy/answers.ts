import type { Answer } from "./ask.ts";

/** Remembered answers of Cedar. */
export interface AnswerMemory {
  get(question: string): Answer | undefined;
  put(question: string, answer: Answer): void;
  /** Bytes held, by an estimate that is rather too high. */
  readonly bytes: number;
  readonly size: number;
}

/** The most that is remembered for one version of the registry. */
const most = { answers: 10_000, bytes: 8_000_000, questionCharacters: 4_096 };
/** Bytes taken by the objects around each answer and its place in the map. */
const answerBytes = 320;

/**
 * Creates a memory for answers, bounded in number and bytes; the one longest unused is dropped first. An answer is
 * found by the set of policies and everything that was sent to Cedar, as one text: the answer to that never changes. A
 * caller that asks many different questions cannot make the memory larger; it only makes it less useful.
 */
export function createAnswerMemory(bounds: typeof most = most): AnswerMemory {
  const answers = new Map<string, Answer>();
  let bytes = 0;
  const bytesOf = (question: string, { policies, broken }: Answer): number =>
    [question, ...policies, ...broken].reduce((sum, text) => sum + 2 * text.length, answerBytes);
  const drop = (question: string, answer: Answer): void => {
    if (answers.delete(question)) bytes -= bytesOf(question, answer);
  };
  return {
    get(question) {
      const answer = answers.get(question);
      if (!answer) return undefined;
      answers.delete(question);
      answers.set(question, answer);
      return answer;
    },
    put(question, answer) {
      if (question.length > bounds.questionCharacters || answers.has(question)) return;
      answers.set(question, answer);
      bytes += bytesOf(question, answer);
      for (const [eldest, its] of answers) {
        if (bytes <= bounds.bytes && answers.size <= bounds.answers) return;
        drop(eldest, its);
      }
    },
    get bytes() {
      return bytes;
    },
    get size() {
      return answers.size;
    },
  };
}
