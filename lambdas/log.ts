import type { Logger } from "@aws-lambda-powertools/logger";

/** What a line tells beside its message. */
type Fields = Readonly<Record<string, unknown>>;

let loading: Promise<Logger> | undefined;
let written: Promise<unknown> = Promise.resolve();

const load = (): Promise<Logger> => import("@aws-lambda-powertools/logger").then(({ Logger }) => new Logger());

/**
 * Logs what is rare. A function that answers calls logs failures alone: the logger, a twentieth of what it would read at
 * every cold start, is loaded with the first of them.
 */
export function logLater(level: "error" | "critical", message: string, fields: Fields): void {
  loading ??= load();
  written = Promise.all([written, loading.then((logger) => logger[level](message, fields))]);
}

/** Resolves when every line stands in the log: the platform may freeze a function as soon as it has answered. */
export const logged = async (): Promise<void> => void (await written);
