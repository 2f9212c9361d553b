import { LanyardError } from "../../../client/index.ts";
import { Misbehaved } from "./step.ts";

/** What a refusal must be: its public face, and the reason that only the audit record tells. */
export interface Expected {
  readonly status: number;
  /** OAuth error code. */
  readonly error: string;
  /** Reason code in the audit record. */
  readonly reason: string;
}

/** A refusal as it came, to be found again in the audit records. */
export interface Refused extends Expected {
  readonly description: string | undefined;
  readonly requestId: string | undefined;
}

/**
 * Does what must be refused.
 * @throws Misbehaved when it is allowed, or refused with another error
 */
export async function mustRefuse(act: () => Promise<unknown>, expected: Expected): Promise<Refused> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof LanyardError) || (error.retryable && error.status !== expected.status)) throw error;
    const { status, error: code, description, requestId } = error;
    if (status === expected.status && code === expected.error) return { ...expected, description, requestId };
    throw new Misbehaved(
      `refused, but with ${status} ${code} (${description}) instead of ${expected.status} ${expected.error}`,
      { cause: error },
    );
  }
  throw new Misbehaved(`this was allowed, and had to be refused with ${expected.status} ${expected.error}`);
}

/** Checks an API's answer. */
export async function mustAnswer(answer: Response, status: number): Promise<unknown> {
  const body = await answer.text();
  if (answer.status !== status) {
    const passing = answer.status === 503 && answer.headers.has("retry-after");
    throw new Misbehaved(`the API answered ${answer.status} instead of ${status}: ${body}`, { passing });
  }
  try {
    return JSON.parse(body);
  } catch {
    throw new Misbehaved(`the API did not answer JSON: ${body.slice(0, 200)}`);
  }
}
