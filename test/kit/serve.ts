import { afterAll, beforeAll, beforeEach, onTestFinished } from "vitest";
import { type Answers, type Listening, listen } from "./wire/server.ts";

/** A server for one test, which ends with it; called in the test or in what runs before each. */
export async function serve(answers: Answers): Promise<Listening> {
  const listening = await listen(answers);
  onTestFinished(listening.close);
  return listening;
}

/** A server for all tests that are described beside the call; each finds `asked` empty. */
export function serveAll(answers: Answers): Omit<Listening, "close"> {
  let listening: Listening | undefined;
  const started = (): Listening => {
    if (!listening) throw new Error("the server starts before the first test, not while tests are described");
    return listening;
  };
  beforeAll(async () => {
    listening = await listen(answers);
  });
  beforeEach(() => void started().asked.splice(0));
  afterAll(async () => listening?.close());
  return {
    get asked() {
      return started().asked;
    },
    get origin() {
      return started().origin;
    },
    get port() {
      return started().port;
    },
  };
}
