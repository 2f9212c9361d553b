import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

/** Opens a way to have a function run without waiting for it. */
export function openInvoke(functionName: string): () => Promise<void> {
  const client = new LambdaClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
  });
  return async () => {
    await client.send(new InvokeCommand({ FunctionName: functionName, InvocationType: "Event" }));
  };
}
