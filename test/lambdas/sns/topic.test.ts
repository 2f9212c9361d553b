import { describe, expect, test } from "vitest";
import { foldAsks } from "../../../core/notices/fold.ts";
import { createTopic } from "../../../lambdas/aws/sns/topic.ts";
import { embeddedTopic } from "../../kit/embedded/sns.ts";

const topicArn = "arn:aws:sns:eu-west-1:111122223333:lanyard-notices";
const place = {
  ...{ topicArn, region: "eu-west-1", endpoint: "https://sns.eu-west-1.amazonaws.com" },
  credentials: { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "secret", sessionToken: "session" },
};
const ask = { id: `ap_${"A".repeat(22)}`, agent: "spiffe://lanyard.test/agent/planner", endsAtSeconds: 1 };
const noticeFor = (group: string) => {
  const [notice] = foldAsks([{ ...ask, group }]);
  if (!notice) throw new Error("no notice");
  return notice;
};

describe("a notice, published", () => {
  test("goes out in one signed call, each kind of subscriber in its own form", async () => {
    const { send, published, calls } = embeddedTopic(topicArn);
    const notice = noticeFor("people/deployers");
    await createTopic(place, send)(notice);
    expect(published).toHaveLength(1);
    const [{ texts = {}, ...message } = {}] = published;
    expect(message).toEqual({ subject: notice.title, attributes: { group: "people/deployers" } });
    expect(texts.default).toBe(notice.text);
    // what Amazon Q Developer in chat applications takes; it drops everything else
    expect(JSON.parse(texts.https ?? "")).toEqual({
      ...{ version: "1.0", source: "custom" },
      content: { textType: "client-markdown", title: notice.title, description: notice.text },
    });
    expect(calls[0]?.get("authorization")).toMatch(
      /^AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE\/\d{8}\/eu-west-1\/sns\/aws4_request/,
    );
  });

  test("threat 65: has a title that SNS takes, whatever the group is called", async () => {
    const { send, published } = embeddedTopic(topicArn);
    for (const group of ["people/\u0000\n<https://evil.example|now>", "g".repeat(2_000), "людей/группа"])
      await createTopic(place, send)(noticeFor(group));
    expect(published).toHaveLength(3);
  });

  test.each([
    ["a topic that is not there", { ...place, topicArn: `${topicArn}x` }, /404 NotFound/],
    ["a topic of another form", { ...place, topicArn: "lanyard" }, /400 InvalidParameter/],
  ])("is refused at once by %s", async (_, elsewhere, why) => {
    const { send, published, calls } = embeddedTopic(topicArn);
    await expect(createTopic(elsewhere, send)(noticeFor("people/deployers"))).rejects.toThrow(why);
    expect([published.length, calls.length]).toEqual([0, 1]);
  });

  test("is tried once more where SNS fails or cannot be reached, and then given up until the next minute", async () => {
    const { send, published } = embeddedTopic(topicArn);
    let failures = 1;
    const flaky = async (...given: Parameters<typeof fetch>) => {
      failures -= 1;
      if (failures === 0) throw new TypeError("fetch failed");
      return failures > 0 ? new Response("", { status: 503 }) : send(...given);
    };
    await createTopic(place, flaky as typeof fetch)(noticeFor("people/deployers"));
    expect(published).toHaveLength(1);
    failures = 10;
    await expect(createTopic(place, flaky as typeof fetch)(noticeFor("people/deployers"))).rejects.toThrow("503");
    expect(failures).toBe(8);
  });
});
