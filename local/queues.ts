/** SQS queues as far as the stacks need them: places where dead letters land and can be read back. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The account's queues. */
export interface Queues {
  put(arn: string, text: string): void;
  /** Every message of a queue, oldest first. */
  messages(arn: string): string[];
}

/**
 * Opens the queues.
 * @param arns queues that exist
 * @param directory folder of their files; absent = memory
 */
export function openQueues(arns: readonly string[], directory: string | undefined): Queues {
  const held = new Map<string, string[]>();
  const fileOf = (arn: string) =>
    directory === undefined ? undefined : join(directory, `${arn.slice(arn.lastIndexOf(":") + 1)}.ndjson`);
  for (const arn of arns) {
    const file = fileOf(arn);
    const lines = file !== undefined && existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
    held.set(
      arn,
      lines.map((line) => JSON.parse(line) as string),
    );
  }
  const find = (arn: string): string[] => {
    const found = held.get(arn);
    if (found === undefined) throw new Error(`queue ${arn} does not exist`);
    return found;
  };
  return {
    put(arn, text) {
      find(arn).push(text);
      const file = fileOf(arn);
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(text)}\n`, { mode: 0o600 });
    },
    messages: (arn) => [...find(arn)],
  };
}
