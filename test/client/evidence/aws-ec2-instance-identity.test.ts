import { describe, expect, it } from "vitest";
import { awsEc2InstanceIdentity, withInstanceIdentity } from "../../../client/evidence/aws-ec2-instance-identity.ts";
import type { EvidenceSource } from "../../../client/evidence/platform/source.ts";
import { endsWithin } from "../../kit/patience.ts";
import { serve } from "../../kit/serve.ts";

const request = { issuer: "https://i.example", challenge: "c-1", jkt: "k-1", publicKey: new Uint8Array(91) };
const role: EvidenceSource = {
  type: "aws-sts-caller-identity",
  collect: async ({ challenge }) => ({ type: "aws-sts-caller-identity", challenge }),
};
/** A metadata service of version 2, as its guide tells: a PUT with a lifetime opens a session, without which nothing is read. */
const metadata = () =>
  serve(({ method, path, headers }) => {
    if (path === "/latest/api/token")
      return method === "PUT" && headers["x-aws-ec2-metadata-token-ttl-seconds"]
        ? { body: "session==" }
        : { status: 400 };
    if (headers["x-aws-ec2-metadata-token"] !== "session==") return { status: 401 };
    return path === "/latest/dynamic/instance-identity/rsa2048" ? { body: document } : { status: 404 };
  });
/** As it is answered: base64 in lines. */
const document = "MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEFADCABgkqhkiG9w0B\nBwGggCSABIIB";

/** A metadata service that answers as a test says; tells what it was asked. */
function playing(answer: (method: string, url: string) => Response) {
  const asked: { method: string; url: string; headers: Headers; redirect: string | undefined }[] = [];
  const fetch = async (input: string | URL | Request, init: RequestInit = {}) => {
    const method = init.method ?? "GET";
    asked.push({ method, url: String(input), headers: new Headers(init.headers), redirect: init.redirect });
    return answer(method, String(input));
  };
  return { asked, fetch };
}
const answering = (put: string, got: string) =>
  playing((method) => new Response(method === "PUT" ? put : got, { status: 200 }));

describe("evidence of an EC2 instance", () => {
  it("alone is the document under the Region's key", async () => {
    const { origin } = await metadata();
    const { type, pkcs7 } = await awsEc2InstanceIdentity({ endpoint: origin }).collect(request);
    expect(type).toBe("aws-ec2-instance-identity");
    expect(Buffer.from(String(pkcs7), "base64")).toEqual(Buffer.from(document, "base64"));
  });

  it("beside a role's adds the document and changes nothing else", async () => {
    const source = withInstanceIdentity(role, { endpoint: (await metadata()).origin });
    expect(source.type).toBe(role.type);
    const { instanceIdentity, ...rest } = await source.collect(request);
    expect(rest).toEqual({ type: role.type, challenge: "c-1" });
    expect(Buffer.from(String(instanceIdentity), "base64")).toEqual(Buffer.from(document, "base64"));
  });

  it("is asked for in a session of its own, at AWS's address unless told otherwise, following nobody", async () => {
    const { asked, fetch } = answering("token==", "AAAA");
    await awsEc2InstanceIdentity({ fetch }).collect(request);
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "PUT http://169.254.169.254/latest/api/token",
      "GET http://169.254.169.254/latest/dynamic/instance-identity/rsa2048",
    ]);
    expect(asked[0]?.headers.get("x-aws-ec2-metadata-token-ttl-seconds")).toBe("60");
    expect(asked[1]?.headers.get("x-aws-ec2-metadata-token")).toBe("token==");
    expect(asked.every(({ redirect }) => redirect === "manual")).toBe(true);
  });

  it.each([
    "http://169.254.169.253",
    "https://169.254.169.254",
    "http://169.254.169.254:80",
    "http://169.254.169.254.evil.example",
    "http://169.254.169.254@evil.example",
    "http://169.254.169.254/latest",
    "http://metadata.example",
    "http://localhost:4000",
    "http://127.0.0.1",
    "http://127.0.0.1:99999999",
    "",
  ])("is asked of no other host: %s", (endpoint) => {
    expect(() => awsEc2InstanceIdentity({ endpoint })).toThrow(RangeError);
    expect(() => withInstanceIdentity(role, { endpoint })).toThrow(RangeError);
  });

  it.each([400, 401, 403, 404, 301, 500])(
    "is none when the session is answered %i: version 1 is not tried",
    async (status) => {
      const { asked, fetch } = playing(
        () => new Response(null, { status, headers: { location: "http://evil.example" } }),
      );
      await expect(awsEc2InstanceIdentity({ fetch }).collect(request)).rejects.toMatchObject({
        name: "EvidenceError",
      });
      expect(asked).toHaveLength(1);
    },
  );

  it.each<[string, string, string]>([
    ["a session that is a web page", "<html>log in</html>", "AAAA"],
    ["a session that would write headers", "a\r\nx-evil: 1", "AAAA"],
    ["no session", "", "AAAA"],
    ["a document that is a web page", "token", "<html>log in</html>"],
    ["no document", "token", ""],
    ["a document without end", "token", "A".repeat(70_000)],
  ])("is none when the service answers %s, and the failure quotes nothing", async (_name, put, got) => {
    const failure = await awsEc2InstanceIdentity({ fetch: answering(put, got).fetch })
      .collect(request)
      .catch((thrown: Error) => thrown);
    expect(failure).toMatchObject({ name: "EvidenceError" });
    expect(String((failure as Error).message)).not.toMatch(/log in|evil|AAAA/);
  });

  it("does not ask for the role's evidence while the instance's cannot be had", async () => {
    let collected = 0;
    const source = { ...role, collect: async () => ({ type: role.type, n: ++collected }) };
    const { fetch } = playing(() => new Response(null, { status: 403 }));
    await expect(withInstanceIdentity(source, { fetch }).collect(request)).rejects.toThrow();
    expect(collected).toBe(0);
  });

  it("gives up in time where the session's token does not travel", async () => {
    // a packet that may take one hop only is lost on the second: nothing ever answers
    const { origin } = await serve(() => undefined);
    const collected = awsEc2InstanceIdentity({ endpoint: origin }).collect(request);
    await expect(endsWithin(8_000, collected)).rejects.toThrow(/did not answer/);
  });
});
