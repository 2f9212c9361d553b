/** A cloud of one page: every operation answers what a test says, by the wire protocols of the real services. */
import { createHash } from "node:crypto";
import { clientsOf, type ProveGround } from "../../scripts/prove/ground.ts";
import { listen } from "../kit/wire/server.ts";

/** An answer of a service; `code` makes it an error. */
export type Answered = { readonly code: string } | object;
/** Answers by operation; unless told otherwise all is as it should be. */
export type Answers = Readonly<Record<string, (input: Input) => Answered>>;

/** Members of a request, looked into freely. */
// biome-ignore lint/suspicious/noExplicitAny: each operation has its own
type Input = Record<string, any>;

const key = (kid: string, state: string, alg: string, more: object) => ({
  M: Object.fromEntries(
    Object.entries({ kid, keyArn: `arn:aws:kms:eu-west-1:111122223333:key/${kid}`, alg, state, ...more }).map(
      ([name, value]) => [name, typeof value === "number" ? { N: String(value) } : { S: value }],
    ),
  ),
});
/** A ring with a key that signs, and a standby unless told otherwise. */
export const ring = (purpose: string, { standby = true, activatedAtSeconds = 1 } = {}) => ({
  Item: {
    ring: { S: purpose },
    purpose: { S: purpose },
    keys: {
      L: [
        key(`${purpose}-1`, "active", "ES256", { activatedAtSeconds }),
        ...(standby ? [key(`${purpose}-2`, "published", "ES256", {})] : []),
      ],
    },
  },
});
const denied = () => ({ code: "AccessDeniedException" });
const good: Answers = {
  GetItem: ({ Key }) => ring(Key.ring.S),
  Sign: denied,
  DescribeKey: () => ({ KeyMetadata: { KeyId: "k", KeyState: "Enabled", Origin: "AWS_KMS", MultiRegion: false } }),
  DescribeTable: () => ({ Table: { KeySchema: [{ AttributeName: "root", KeyType: "HASH" }] } }),
  PutItem: denied,
  PutEvents: denied,
  SendMessage: denied,
  ReceiveMessage: () => ({}),
  DeleteMessage: () => ({}),
  GetWebIdentityToken: () => ({}),
};

/** A message as SQS gives it: the SDK holds it against its checksum. */
export const message = (Body: string, ReceiptHandle: string) => ({ Body, ReceiptHandle, MD5OfBody: md5(Body) });
/** The answer of a queue that took the probe's message. */
export const taken = ({ MessageBody }: Input) => ({ MessageId: "1", MD5OfMessageBody: md5(MessageBody) });
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

/** Opens it; what it was asked stands in `asked`, oldest first. */
export async function openAws(bad: Answers = {}) {
  const asked: { readonly operation: string; readonly input: Input }[] = [];
  const { origin: endpoint, close } = await listen(({ headers, body }) => {
    const target = headers["x-amz-target"];
    const operation =
      target === undefined ? (new URLSearchParams(body).get("Action") ?? "") : String(target).split(".")[1];
    const input = (target === undefined ? {} : JSON.parse(body)) as Input;
    asked.push({ operation: operation ?? "", input });
    const answer = ({ ...good, ...bad }[operation ?? ""] ?? (() => ({ code: "UnknownOperationException" })))(input);
    const isError = "code" in answer;
    const as = (type: string, said: string) => ({
      status: isError ? 400 : 200,
      headers: { "content-type": type },
      body: said,
    });
    if (target !== undefined)
      return as(
        "application/x-amz-json-1.0",
        JSON.stringify(isError ? { __type: answer.code, message: "no" } : answer),
      );
    return as(
      "text/xml",
      isError
        ? `<ErrorResponse><Error><Code>${answer.code}</Code><Message>no</Message></Error></ErrorResponse>`
        : `<${operation}Response><${operation}Result><WebIdentityToken>t</WebIdentityToken></${operation}Result></${operation}Response>`,
    );
  });
  const credentials = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" };
  return {
    asked,
    endpoint,
    clients: (region: string): ProveGround["clients"] =>
      clientsOf(region, { endpoint, credentials, maxAttempts: 1, useQueueUrlAsEndpoint: false }),
    close,
  };
}
