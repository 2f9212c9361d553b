import { type Answer, send } from "../test/kit/wire/http.ts";
import { must } from "./expect.ts";

/** A public document, answered 200. */
export const fetched = async (url: string): Promise<Answer> => {
  const answer = await send("GET", url);
  must(answer.status === 200, `${url} was answered ${answer.status}`);
  return answer;
};

/** The keys of the set at `url`. */
export const keysAt = async (url: string) => {
  const { keys } = (await fetched(url)).json;
  must(Array.isArray(keys) && keys.length > 0, `${url} holds no keys`);
  return keys as readonly Readonly<Record<string, unknown>>[];
};
