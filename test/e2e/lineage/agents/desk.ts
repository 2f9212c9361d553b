import { createLambdaHandler, type LambdaHttpEvent } from "../../../../client/handler.ts";
import { createResourceServer } from "../../../../client/verify.ts";
import { files, rows } from "../registry.ts";
import { hostedAgent, writeRows } from "./agent.ts";

/** The desk: a function behind a URL, which goes on under the token that it is shown. */

interface DeskEvent extends LambdaHttpEvent {
  readonly requestContext: LambdaHttpEvent["requestContext"] & { readonly domainName: string };
}

const agent = hostedAgent();
const grants = [{ resource: rows, scopes: ["rows:write"] }];
let served: ReturnType<typeof createLambdaHandler<DeskEvent>> | undefined;

/** @param requestUrl the function's own address, which Lambda says, whatever the caller wrote */
const serve = (requestUrl: string) =>
  createLambdaHandler<DeskEvent>(
    {
      server: createResourceServer({
        issuer: process.env.ISSUER ?? "",
        resource: files,
        mode: "introspect",
        agent,
        requestUrl,
      }),
      ...{ agent, grants, requires: ["files:read"] },
      refused: ({ code }) => console.log(JSON.stringify({ refused: code })),
    },
    async (_event, { session }) => ({ statusCode: 200, body: JSON.stringify(await writeRows(session)) }),
  );

export const handler = (event: DeskEvent, context: unknown) => {
  served ??= serve(`${event.headers["x-forwarded-proto"]}://${event.requestContext.domainName}`);
  return served(event, context);
};
