import { setTimeout as sleep } from "node:timers/promises";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Notice } from "../../../core/notices/fold.ts";

/** Where SNS is, and who calls it. */
interface TopicPlace {
  readonly topicArn: string;
  readonly region: string;
  /** `https://sns.<region>.amazonaws.com`, or what `AWS_ENDPOINT_URL` names in its place. */
  readonly endpoint: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
}

/** One more try where SNS, or the way to it, fails: the next run is a minute away. */
const tries = 2;
const pauseMillis = 500;
const timeoutMillis = 5_000;

/**
 * Creates the publisher to a topic: one call, signed here, since the SDK's client would be there for it alone
 * (docs/decisions/0067-notices-are-folded-by-a-schedule.md).
 * @param send the network
 * @returns a function that rejects when SNS did not take the notice
 */
export function createTopic(place: TopicPlace, send: typeof fetch): (notice: Notice) => Promise<void> {
  const { region, credentials } = place;
  const signer = new SignatureV4({ service: "sns", region, credentials, sha256: Sha256 });
  return async (notice) => {
    for (let attempt = 1; ; attempt += 1) {
      const { again, why } = await publish(notice, { place, signer, send });
      if (why === undefined) return;
      if (!again || attempt === tries) throw new Error(`the notice was not published: ${why}`);
      await sleep(pauseMillis);
    }
  };
}

interface Way {
  readonly place: TopicPlace;
  readonly signer: SignatureV4;
  readonly send: typeof fetch;
}

/** @returns why it was not taken, if so, and whether it may be tried again */
async function publish(notice: Notice, { place, signer, send }: Way): Promise<{ again?: boolean; why?: string }> {
  const { protocol, hostname, port, host, origin } = new URL(place.endpoint);
  const body = formOf(notice, place.topicArn).toString();
  const sized = { host, "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const { headers } = await signer.sign({
    ...{ method: "POST", protocol, hostname, path: "/", headers: sized, body },
    ...(port && { port: Number(port) }),
  });
  const { host: _, ...sent } = headers;
  try {
    const signal = AbortSignal.timeout(timeoutMillis);
    const answer = await send(`${origin}/`, { method: "POST", headers: sent, body, redirect: "error", signal });
    const text = (await answer.text()).slice(0, 4_096);
    if (answer.ok) return {};
    const code = /<Code>(\w{1,64})<\/Code>/.exec(text)?.[1] ?? "no code";
    return { again: answer.status >= 500 || code.startsWith("Throttl"), why: `${answer.status} ${code}` };
  } catch (cause) {
    return { again: true, why: cause instanceof Error ? cause.message : String(cause) };
  }
}

/**
 * SNS's Publish: to each kind of subscriber in its own form. Who reads mail gets text. Amazon Q Developer in chat
 * applications subscribes by https, and drops whatever has not its schema without a word. The group goes as an
 * attribute too, by which a subscription may take its own group's notices alone.
 */
function formOf({ group, title, text }: Notice, topicArn: string): URLSearchParams {
  const chat = {
    ...{ version: "1.0", source: "custom" },
    content: { textType: "client-markdown", title, description: text },
  };
  return new URLSearchParams({
    ...{ Action: "Publish", Version: "2010-03-31", TopicArn: topicArn, Subject: title, MessageStructure: "json" },
    Message: JSON.stringify({ default: text, https: JSON.stringify(chat) }),
    "MessageAttributes.entry.1.Name": "group",
    "MessageAttributes.entry.1.Value.DataType": "String",
    "MessageAttributes.entry.1.Value.StringValue": group,
  });
}
