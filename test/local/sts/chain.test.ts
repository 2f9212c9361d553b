import { describe, expect, it } from "vitest";
import {
  allow,
  assume,
  assumed,
  away,
  document,
  home,
  outcome,
  reach,
  role,
  setUp,
  somebody,
  trusting,
} from "./ground.ts";

setUp();

const everything = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
const homeRoot = `arn:aws:iam::${home}:root`;
const open = () => role([trusting(homeRoot, everything)]);
const tag = (Key: string, Value: string) => ({ Key, Value });

describe("a chain of roles", () => {
  it("threat 21: keeps the source identity that its first session was given", async () => {
    const first = await assumed(somebody([allow(everything)]), open(), { SourceIdentity: "lyd.root.s1" });
    const second = await assume(first, open());
    expect(second.SourceIdentity).toBe("lyd.root.s1");
    expect(await outcome(assume(first, open(), { SourceIdentity: "lyd.root.s1" }))).toBe("ok");
    expect(await outcome(assume(first, open(), { SourceIdentity: "lyd.other.s2" }))).toBe("AccessDenied");
  });

  it("threat 21: needs a role's leave to carry a source identity or tags into it", async () => {
    const asked = { SourceIdentity: "lyd.root.s1" };
    const named = await assumed(somebody([allow(everything)]), open(), asked);
    const silent = role([trusting(homeRoot, ["sts:AssumeRole", "sts:TagSession"])]);
    expect(await outcome(assume(named, silent))).toBe("AccessDenied");
    const Condition = { StringLike: { "sts:SourceIdentity": "lyd.*" } };
    const ours = role([
      trusting(homeRoot, "sts:AssumeRole"),
      trusting(homeRoot, "sts:SetSourceIdentity", { Condition }),
    ]);
    expect(await outcome(assume(named, ours))).toBe("ok");
    const forged = await assumed(somebody([allow(everything)]), open(), { SourceIdentity: "mallory" });
    expect(await outcome(assume(forged, ours))).toBe("AccessDenied");
    const tagged = await assumed(somebody([allow(everything)]), open(), {
      Tags: [tag("agent", "a")],
      TransitiveTagKeys: ["agent"],
    });
    expect(await outcome(assume(tagged, role([trusting(homeRoot)])))).toBe("AccessDenied");
  });

  it("passes transitive tags on, and no others, and lets nobody override them", async () => {
    const first = await assumed(somebody([allow(everything)]), open(), {
      Tags: [tag("agent", "a"), tag("team", "blue")],
      TransitiveTagKeys: ["agent"],
    });
    const reading = (key: string, value: string) =>
      role([trusting(homeRoot, everything)], {
        policies: [
          document(
            allow("dynamodb:GetItem", "*", { Condition: { StringEquals: { [`aws:PrincipalTag/${key}`]: value } } }),
            allow(everything),
          ),
        ],
      });
    const byAgent = await assumed(first, reading("agent", "a"));
    expect((await reach(byAgent)).read).toBe("ok");
    expect((await reach(await assumed(first, reading("team", "blue")))).read).toBe("AccessDeniedException");
    // through one more role
    expect((await reach(await assumed(byAgent, reading("agent", "a")))).read).toBe("ok");
    for (const key of ["agent", "AGENT"])
      expect(await outcome(assume(first, open(), { Tags: [tag(key, "b")] }))).toBe("InvalidParameterValue");
  });

  it("is never longer than an hour, whatever the role allows", async () => {
    const long = role([trusting(homeRoot)], { maxSessionSeconds: 43_200 });
    const caller = somebody([allow(everything)]);
    expect(await outcome(assume(caller, long, { DurationSeconds: 3_600 }))).toBe("ok");
    expect(await outcome(assume(caller, long, { DurationSeconds: 3_601 }))).toBe("ValidationError");
  });

  it("asks for the session's own rights, not for those of whoever opened it", async () => {
    const mighty = somebody([allow("*")]);
    const weak = role([trusting(homeRoot)], { policies: [document(allow("dynamodb:GetItem"))] });
    const session = await assumed(mighty, weak);
    expect(await outcome(assume(session, role([trusting(homeRoot)], {}, away)))).toBe("AccessDenied");
  });
});
