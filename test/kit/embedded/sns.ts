import { answerXml, errorXml } from "../../../local/emulator/query.ts";
import { ServiceError } from "../../../local/emulator/service.ts";
import { openSns } from "../../../local/emulator/sns/service.ts";
import type { Published } from "../../../local/emulator/sns/topics.ts";

/**
 * The embedded SNS with one topic, as a network: it answers what a caller sends.
 * @returns `send` in place of `fetch`, what was published, and how many calls came
 */
export function embeddedTopic(arn: string) {
  const published: Published[] = [];
  const sns = openSns({
    has: (one) => one === arn,
    put: (_, message) => String(published.push(message)),
    published: () => published,
  });
  const caller = { roleArn: "", sessionName: "", tags: {}, accessKeyId: "", secretAccessKey: "", sessionToken: "" };
  const calls: Headers[] = [];
  const send = async (_: unknown, init?: RequestInit): Promise<Response> => {
    calls.push(new Headers(init?.headers));
    const form = new Map(new URLSearchParams(String(init?.body)));
    const envelope = { namespace: sns.namespace, requestId: "r" };
    try {
      const result = await sns.call(form, caller as unknown as Parameters<typeof sns.call>[1]);
      return new Response(answerXml("Publish", result, envelope));
    } catch (thrown) {
      if (!(thrown instanceof ServiceError)) throw thrown;
      return new Response(errorXml(thrown.code, thrown.message, envelope), { status: thrown.status });
    }
  };
  return { send: send as typeof fetch, published, calls };
}
