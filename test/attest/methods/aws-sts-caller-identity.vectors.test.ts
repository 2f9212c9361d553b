import { fc, test } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import type { StsRelay } from "../../../core/attest/contract/aws.ts";
import { parseAssumedRole } from "../../../core/attest/formats/assumed-role.ts";
import { readCallerIdentity } from "../../../core/attest/formats/caller-identity/answer.ts";
import { awsStsCallerIdentity } from "../../../core/attest/methods/aws-sts-caller-identity/attestor.ts";
import { matchSelectors } from "../../../core/attest/selectors.ts";
import { partitionOf, stsEndpointKinds, stsHost } from "../../../core/text/sts-hosts.ts";
import { createStsRelay } from "../../../lambdas/aws/outbound/sts-relay.ts";
import { evaluateRequest } from "../../../scripts/vectors/evidence/aws-sts-caller-identity.ts";
import { callerEvidence, expectation, StubSts, xmlAnswer } from "../../kit/evidence/caller-identity.ts";
import { agent } from "../../kit/registry.ts";
import { serveAll } from "../../kit/serve.ts";
import { vectors } from "../../kit/vectors.ts";

const folder = "sts-caller-identity";

describe("hosts.json", () => {
  interface Hosts {
    readonly aws_iam_authenticator: {
      readonly cases: readonly {
        partition: string;
        host: string;
        upstream_valid: boolean;
        extra_region: string | null;
      }[];
    };
    readonly teleport: Record<"valid" | "fips_valid" | "invalid", readonly string[]>;
  }
  const { aws_iam_authenticator, teleport } = vectors<Hosts>(`${folder}/hosts.json`);
  /** Every host we would ever send to, for Regions named in a host. */
  const ours = (partition: string, host: string) => {
    const region = host.split(".")[1] ?? "";
    return stsEndpointKinds.some((kind) => stsHost(partition, region, kind) === host);
  };
  /** Upstream takes these; a list without invented Regions and without the host of no Region does not. */
  const stricter = (host: string, extra: string | null) =>
    host === "sts.amazonaws.com" || /not-a-region|default-region/.test(host) || extra === "us-isob-east-1";

  it.each(aws_iam_authenticator.cases)("$partition $host: $upstream_valid", ({ partition, host, ...its }) => {
    expect(ours(partition, host)).toBe(its.upstream_valid && !stricter(host, its.extra_region));
  });
  it.each([...teleport.valid, ...teleport.fips_valid])("%s is of exactly one partition", (host) => {
    const region = host.split(".")[1] ?? "";
    expect(ours(partitionOf(region) ?? "", host)).toBe(true);
  });
  it.each(teleport.invalid)("%s is never sent to", (host) => {
    for (const partition of ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b"])
      expect(ours(partition, host)).toBe(false);
  });
  test.prop([fc.string(), fc.string()])("nothing but what is listed has a host", (partition, region) => {
    for (const kind of stsEndpointKinds)
      if (partitionOf(region) !== partition) expect(stsHost(partition, region, kind)).toBeUndefined();
  });
});

describe("raw-requests.json", () => {
  const { cases } = vectors<{ cases: readonly { name: string; request: string; expect: string }[] }>(
    `${folder}/raw-requests.json`,
  );
  it.each(cases)("$name: $expect", async ({ request, expect: expected }) => {
    const { outcome, sent } = await evaluateRequest(request);
    expect(outcome === "valid").toBe(expected.startsWith("accept (then"));
    expect(sent).toBe(outcome === "valid" ? 1 : 0);
  });
});

describe("responses.json", () => {
  interface Good {
    readonly name: string;
    readonly xml?: string;
    readonly json?: string;
    readonly arn: string;
    readonly account: string;
    readonly userid: string;
  }
  interface Bad {
    readonly name: string;
    readonly http: number;
    readonly content_type: string;
    readonly headers?: Record<string, string>;
    readonly body: string;
    readonly why: string;
  }
  const { valid, invalid } = vectors<{ valid: readonly Good[]; invalid: readonly Bad[] }>(`${folder}/responses.json`);
  const sts = serveAll(({ headers }) => {
    const bad = invalid[Number(String(headers["x-amz-date"]).slice(0, 4))];
    if (!bad) return { headers: { "content-type": "text/xml" }, body: String(xmlAnswer().body) };
    const body = bad.name === "huge-200" ? " ".repeat(1_048_576) : bad.body;
    return { status: bad.http, headers: { "content-type": bad.content_type, ...bad.headers }, body };
  });
  let relay: StsRelay;
  beforeAll(() => {
    relay = createStsRelay(sts.origin);
  });

  it.each(valid)("$name is read", ({ xml, json, arn, account, userid }) => {
    const contentType = xml === undefined ? "application/json" : "text/xml";
    const read = readCallerIdentity({ status: 200, contentType, body: Buffer.from(xml ?? json ?? "") });
    expect(read).toEqual({ ok: true, value: { arn, account, userId: userid } });
  });

  it.each(valid)("$name is not read as the other format", ({ xml, json }) => {
    const contentType = xml === undefined ? "text/xml" : "application/json";
    expect(readCallerIdentity({ status: 200, contentType, body: Buffer.from(xml ?? json ?? "") }).ok).toBe(false);
  });

  it.each(invalid.map((bad, index) => ({ ...bad, index })))("$name is refused: $why", async ({ name, index }) => {
    // the stub over the wire: the case's number stands in a year, the clock in the same
    const year = String(index).padStart(4, "0");
    const evidence = callerEvidence({ date: `${year}0801T000000Z` });
    const nowSeconds = Date.parse(`${year}-08-01T00:00:00Z`) / 1000;
    const attestor = awsStsCallerIdentity({ relay, partition: "aws" });
    const result = await attestor.attest(evidence, expectation({ nowSeconds }));
    const again = name === "error-400-throttling" || name === "redirect-302" || name === "huge-200";
    expect(result).toMatchObject({
      ok: false,
      error: { code: again ? "attestation_unavailable" : "evidence_invalid" },
    });
  });

  test.prop([fc.string({ unit: "binary", maxLength: 400 }), fc.nat(), fc.nat()])(
    "spoilt at any place is never read as another caller, and never throws",
    (text, at, length) => {
      const good = xmlAnswer().body.toString();
      const place = at % good.length;
      const spoilt = good.slice(0, place) + text + good.slice(place + (length % 40));
      for (const contentType of ["text/xml", "application/json"]) {
        const read = readCallerIdentity({ status: 200, contentType, body: Buffer.from(spoilt) });
        if (read.ok) expect(read.value.account).toBe("123456789012");
      }
    },
  );
});

describe("arn-cases.json", () => {
  interface Arns {
    readonly canonical: readonly [string, string][];
    readonly reject: readonly string[];
    readonly wildcard_pitfalls: readonly { pattern: string; arn: string }[];
  }
  const { canonical, reject, wildcard_pitfalls } = vectors<Arns>(`${folder}/arn-cases.json`);
  it.each(canonical.filter(([arn]) => arn.includes(":assumed-role/")))("%s is a session of %s", (arn, role) => {
    expect(parseAssumedRole(arn)?.roleArn).toBe(role);
  });
  it.each([...reject, ...canonical.map(([arn]) => arn).filter((arn) => !arn.includes(":assumed-role/"))])(
    "%j is no role's session",
    (arn) => {
      expect(parseAssumedRole(arn)).toBeUndefined();
    },
  );
  it.each(wildcard_pitfalls)("threat 15: $pattern matches no caller, $arn among them", ({ pattern, arn }) => {
    const role = parseAssumedRole(arn);
    const selectors = [{ type: "aws-sts-caller-identity", exact: { roleArn: pattern } }];
    const facts = { roleArn: role?.roleArn ?? "none", sessionName: role?.sessionName ?? "none" };
    const registration = agent("planner", { selectors });
    expect(matchSelectors("x", registration, { type: "aws-sts-caller-identity", facts, tags: {} }).ok).toBe(false);
  });
  it("a role's name with dots for a path is nobody's", () => {
    expect(parseAssumedRole("arn:aws:sts::123456789012:assumed-role/build-x/../../Admin")).toBeUndefined();
    expect(parseAssumedRole("arn:aws:sts::123456789012:assumed-role/build-x/../Admin/session")).toBeUndefined();
  });
});

describe("vault-header-cases.json", () => {
  interface Cases {
    readonly server_id_cases: readonly { name: string; headers?: Record<string, string[]>; expect: string }[];
    readonly login_headers: readonly { name: string; json?: Record<string, string[]>; expect: string }[];
    readonly region_from_header: readonly { header?: string; region?: string; expect?: string }[];
  }
  const { server_id_cases, login_headers, region_from_header } = vectors<Cases>(`${folder}/vault-header-cases.json`);
  const attest = (evidence: object) =>
    awsStsCallerIdentity({ relay: new StubSts(), partition: "aws" }).attest(
      { type: "aws-sts-caller-identity", ...evidence },
      expectation(),
    );
  // none of them is bound to our challenge and key: what Vault lets in is not enough here
  it.each([...server_id_cases, ...login_headers])("$name is refused in its own form", async (given) => {
    const lists = ("json" in given ? given.json : undefined) ?? ("headers" in given ? given.headers : undefined) ?? {};
    const lower = Object.fromEntries(Object.entries(lists).map(([name, values]) => [name.toLowerCase(), values[0]]));
    for (const headers of [lists, lower]) expect((await attest({ region: "us-east-1", headers })).ok).toBe(false);
  });
  it.each(region_from_header)("a Region is taken from the list alone: %j", ({ region = "", header = "" }) => {
    const said = region || (header.split("/")[2] ?? "");
    expect(partitionOf(said)).toBe(
      said === "ap-northeast-3" ? "aws" : said === "us-gov-east-1" ? "aws-us-gov" : undefined,
    );
  });
});
