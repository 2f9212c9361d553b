import type { Answer } from "./ask.ts";

/** Answers of Cedar's to what it was asked before. */
export interface AnswerMemory {
  get(question: string): Answer | undefined;
  put(question: string, answer: Answer): void;
  /** What is held, by a careful estimate. */
  readonly bytes: number;
  readonly size: number;
}

/** Most that is remembered of one registry version. */
const most = { answers: 10_000, bytes: 8_000_000, questionCharacters: 4_096 };
/** The objects around each answer, and its place in the map. */
const answerBytes = 320;

/**
 * Creates a memory for answers, bounded in number and bytes; what was longest unused goes first. A question is found by all
 * that was sent to Cedar with it and by the set it was put to, as one text: the answer to that is always the same. Whoever
 * asks many things makes it no larger, only of less use.
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
