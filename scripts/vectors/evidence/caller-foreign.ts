import { z } from "zod";
import { awsStsCallerIdentity } from "../../../core/attest/methods/aws-sts-caller-identity/attestor.ts";
import { partitionOf, stsHost } from "../../../core/text/sts-hosts.ts";
import { expectation, StubSts } from "../../../test/kit/evidence/caller-identity.ts";
import { denialText, type Evaluated, eachCase, topic } from "../document.ts";

/**
 * Others' forms of a signed GetCallerIdentity, shown to our attestor in every way that its own form has room for. None
 * is bound to our challenge and key, so that all are refused before anything is sent; what others let in is not enough.
 */
async function evaluate(shown: readonly object[], nowSeconds?: number): Promise<Evaluated> {
  const sts = new StubSts();
  const attestor = awsStsCallerIdentity({ relay: sts, partition: "aws" });
  const reasons: string[] = [];
  for (const evidence of shown) {
    const result = await attestor.attest(
      { type: "aws-sts-caller-identity", ...evidence },
      expectation(nowSeconds === undefined ? {} : { nowSeconds }),
    );
    if (result.ok) return { outcome: "valid", reason: `let in as ${result.value.facts.roleArn}` };
    reasons.push(denialText(result.error));
  }
  if (sts.sent.length > 0) throw new Error("a stranger's request was sent on");
  return { outcome: "invalid", reason: reasons.at(-1) ?? "" };
}

const refused = ["invalid" as const];
const headerLists = z.record(z.string(), z.array(z.string()));
const presigned = z.looseObject({
  expect: z.string(),
  now: z.string().regex(/^\d{8}T\d{6}Z$/),
  url: z.string().nullable(),
  token: z.string(),
  upstream_error: z.string().nullable(),
});

/** `20260801T000000Z` in seconds. */
const secondsOf = (basic: string): number =>
  Date.parse(basic.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z")) / 1000;

/** The query of a pre-signed URL as the headers it stands for. */
function unfolded(url: string | null): object {
  try {
    const { hostname, searchParams } = new URL(url ?? "");
    const query = Object.fromEntries([...searchParams].map(([name, value]) => [name.toLowerCase(), value]));
    const signed = `SignedHeaders=${query["x-amz-signedheaders"]}, Signature=${"0".repeat(64)}`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${query["x-amz-credential"]}, ${signed}`;
    return { region: hostname.split(".")[1] ?? "", headers: { authorization, "x-amz-date": query["x-amz-date"] } };
  } catch {
    return { headers: {} };
  }
}

const presignedUrls = z.looseObject({ cases: z.array(z.unknown()) });

/** Pre-signed URLs, which are no evidence here. */
export const callerUrls = topic(/^presigned-url-cases\.json$/, presignedUrls, ({ cases }, folder, file) =>
  eachCase(cases, { folder, file, shape: presigned }, ({ expect, now, url, token, upstream_error }) => ({
    file: folder.label(file, upstream_error ?? url ?? token),
    said: expect,
    expected: refused,
    evaluate: () => evaluate([{ token }, { url }, unfolded(url), { region: "us-east-1", url, token }], secondsOf(now)),
  })),
);

const login = z
  .looseObject({
    name: z.string(),
    expect: z.string(),
    headers: headerLists.optional(),
    json: headerLists.optional(),
    extra: z.record(z.string(), z.string()).optional(),
  })
  .transform(({ name, expect, headers, json, extra }) => ({ name, expect, lists: { ...headers, ...json }, extra }));
const regionCase = z.looseObject({
  header: z.string().optional(),
  region: z.string().optional(),
  endpoint: z.string().optional(),
  expect: z.string().optional(),
});
const vault = z.looseObject({
  server_id_cases: z.array(z.unknown()),
  login_headers: z.array(z.unknown()),
  region_from_header: z.array(z.unknown()),
});

/** A Region counts when it is listed, wherever the name came from; its host follows from that alone. */
function evaluateRegion({ header, region }: z.infer<typeof regionCase>): Evaluated & { readonly endpoint?: string } {
  const said = region ?? header?.split("/")[2] ?? "";
  const host = stsHost(partitionOf(said) ?? "", said, "regional");
  return host === undefined
    ? { outcome: "invalid", reason: "no Region of the list" }
    : { outcome: "valid", reason: `https://${host}` };
}

/** Vault's login requests. */
export const callerHeaders = topic(/^vault-header-cases\.json$/, vault, (given, folder, file) => [
  ...eachCase(
    [...given.server_id_cases, ...given.login_headers],
    { folder, file, shape: login },
    ({ name, expect, lists, extra }) => ({
      file: folder.label(file, name),
      said: expect,
      expected: refused,
      evaluate: () => {
        const single = Object.fromEntries(Object.entries(lists).map(([header, [value]]) => [header, value]));
        const lower = Object.fromEntries(
          Object.entries(single).map(([header, value]) => [header.toLowerCase(), value]),
        );
        const shown = [lists, single, lower, { ...lower, ...extra }];
        return evaluate(shown.map((headers) => ({ region: "us-east-1", headers })));
      },
    }),
  ),
  ...eachCase(given.region_from_header, { folder, file, shape: regionCase }, (one) => ({
    file: folder.label(file, one.region ?? one.header ?? "no header"),
    said: one.expect ?? "valid",
    expected: [one.expect === undefined ? ("valid" as const) : ("invalid" as const)],
    evaluate: () => {
      const evaluated = evaluateRegion(one);
      if (one.endpoint !== undefined && evaluated.reason !== one.endpoint)
        throw new Error(`asked at ${evaluated.reason}`);
      return evaluated;
    },
  })),
]);
