import type { Row } from "../../core/denial/row.ts";
import { denialTable } from "../../core/denial/table.ts";
import { refusalReply } from "../../core/verify/refusal-reply.ts";
import { refusals } from "../../test/kit/samples/refusals.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

const lines = Object.entries<Row<never>>(denialTable).map(
  ([
    code,
    {
      rule,
      answer: { status, error, headers = {} },
    },
  ]) => {
    const named = Object.keys(headers).map((name) => `\`${name}\``);
    return `| \`${code}\` | ${status} | \`${error}\` | ${named.join(", ")} | ${cell(rule)} |`;
  },
);

/** The page `docs/errors.md`, from the table and the code that answer. */
export const errorsPage =
  (): string => `<!-- Made by \`node scripts/errors.ts\` from core/denial/table/: change the row there, not this page. -->

# Errors

Every refusal is a value with a stable code. Below: what its caller gets to see, and the rule that refused, as \`core/denial/table/\` has them. Several codes share one face where the difference would help an attacker; the audit record keeps them apart.

Lanyard's own endpoints answer JSON, \`{ "error", "error_description" }\` (RFC 6749 5.2), with \`Cache-Control: no-store\`. What is no form is answered 400 at \`token\`, \`introspect\` and \`revoke\`, 415 where JSON is read. A 503 may be tried again after \`Retry-After\`, a 429 too; where the stage demands nonces, every answer carries \`DPoP-Nonce\`. What no code stands for is a failure on our side: 500 \`server_error\`, or 503 \`temporarily_unavailable\` where it may pass.

The audit record of each refusal (\`unmapped.lanyard\`) has \`denial\` (the code and its facts), \`denial_rule\` (the rule) and \`denial_missing\` (what was missing of this very request; OCSF's \`status_detail\` too). Refusals before the caller is authenticated are aggregated: one record an instance, kind and minute, with a count and an example. So are those of an authenticated agent beyond 60 a minute and instance, past its rate (\`rate_exceeded\`), and all of introspection about a token: their kind is the agent, the session and the code. What a caller sent is cut in a refusal's record, to 256 characters a text and 20 entries a list. Where a genuine token of ours was shown with another key, \`owner\` names the agent it belongs to. One answer is not recorded: \`dpop_nonce_required\`, by which every honest caller learns its first nonce.

For the grant \`jwt-bearer\`, what is wrong with the assertion itself is answered 400 \`invalid_grant\` (RFC 7523 3.1), whatever the table says of its code: of an identity assertion what else is about the subject token, of a platform's token what else is about evidence and its agent. A revoked login says \`max_age\` beside it there too.

Introspection answers exactly \`{"active": false}\` for every reason that is about the token, and to agents that serve nothing (\`not_a_resource_server\`); the code stands in the audit alone.

| code | status | \`error\` | headers | rule |
| --- | --- | --- | --- | --- |
${lines.join("\n")}

## At a resource server

What the client library answers for a resource (RFC 6750 3.1, RFC 9449 7.1), in \`WWW-Authenticate\` and as JSON. Each challenge names the resource's metadata (\`resource_metadata\`, RFC 9728 5.1) and the algorithms of proofs (\`algs\`).

| code | status | \`error\` |
| --- | --- | --- |
${Object.values(refusals)
  .map((refusal) => ({ refusal, reply: refusalReply(refusal) }))
  .map(({ refusal, reply: { status, body } }) => {
    const error = body === "" ? "none: the schemes alone" : `\`${JSON.parse(body).error}\``;
    return `| \`${refusal.code}\` | ${status} | ${error} |`;
  })
  .join("\n")}
`;
