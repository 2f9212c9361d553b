import type { Logger } from "@aws-lambda-powertools/logger";

/** Fields of a log line beside its message. */
type Fields = Readonly<Record<string, unknown>>;

let loading: Promise<Logger> | undefined;
let written: Promise<unknown> = Promise.resolve();

const load = (): Promise<Logger> => import("@aws-lambda-powertools/logger").then(({ Logger }) => new Logger());

/**
 * Logs rare events. A function that answers calls logs only failures, so the logger, a twentieth of the code of a cold
 * start, is loaded with the first one.
 */
export function logLater(level: "error" | "critical", message: string, fields: Fields): void {
  loading ??= load();
  written = Promise.all([written, loading.then((logger) => logger[level](message, fields))]);
}

/** Resolves when every line is written, since the platform may freeze a function as soon as it has answered. */
export const logged = async (): Promise<void> => void (await written);
