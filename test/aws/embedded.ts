import { readPolicy, refusal, type Statement } from "../../local/emulator/iam/policy.ts";
import { type Asked, account } from "./simulate.ts";

const role = `arn:aws:iam::${account}:role/files`;
const session = `arn:aws:sts::${account}:assumed-role/files/AAAAAAAAAAAAAAAAAAAAAA`;
const everything: Statement = { Effect: "Allow", Action: "*", Resource: "*" };

/**
 * What the embedded cloud answers a session under these documents: without a policy of the resource's, and with one that
 * allows everything to the session's ARN, or to everybody. Unlike the simulator it knows that such a policy is limited by no
 * session policy.
 */
export function embeddedAllows(documents: readonly string[], asked: Asked): readonly boolean[] {
  const { action, resource, atSeconds, context = {} } = asked;
  const told = Object.entries({ ...context, "aws:CurrentTime": new Date(atSeconds * 1_000).toISOString() });
  const request = {
    principalArn: role,
    sessionArn: session,
    account,
    action,
    resource,
    context: Object.fromEntries(told.map(([key, value]) => [key.toLowerCase(), [value].flat()])),
  };
  const policies = {
    identity: [everything],
    session: documents.map((document) => readPolicy(document, "a session")),
  };
  const granted = [undefined, { AWS: session }, "*"].map((Principal) =>
    Principal === undefined ? [] : [{ ...everything, Principal }],
  );
  return granted.map((statements) => refusal(request, { ...policies, resource: statements }) === undefined);
}
