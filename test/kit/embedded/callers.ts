import { openCallers } from "../../../local/emulator/iam/caller.ts";
import type { Asked } from "../wire/server.ts";

/** Credentials of one operator, and IAM's look at what is signed under them (SigV4): the other side of a signing client. */
export function openOperator() {
  const callers = openCallers();
  const credentials = callers.issue({
    roleArn: "arn:aws:iam::111122223333:role/operator",
    sessionName: "ada",
    tags: {},
  });
  /** Whom and what a request is signed for, or the code of a refusal. */
  const verify = ({ method, target, headers, bytes }: Asked) =>
    callers.verify({ method, target, headers, body: bytes });
  return { credentials, verify };
}
