import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { type Asked, listen } from "../../test/kit/wire/server.ts";

/** A bus that takes everything, and that the real SDK speaks to over HTTP. */
export async function openBus() {
  const answer = ({ body }: Asked) => {
    const { Entries } = JSON.parse(body) as { readonly Entries: readonly unknown[] };
    return JSON.stringify({ FailedEntryCount: 0, Entries: Entries.map((_, n) => ({ EventId: String(n) })) });
  };
  const server = await listen((asked) => {
    server.asked.length = 0;
    return { headers: { "content-type": "application/x-amz-json-1.1" }, body: answer(asked) };
  });
  const credentials = { accessKeyId: "AKIALOCAL", secretAccessKey: "local" };
  const client = new EventBridgeClient({ endpoint: server.origin, region: "eu-west-1", credentials });
  return {
    client,
    async close(): Promise<void> {
      client.destroy();
      await server.close();
    },
  };
}
