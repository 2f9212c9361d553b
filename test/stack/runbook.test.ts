import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { account, all, synthesized } from "./synthesized.ts";

const [few, each] = [false, true].map(
  (eachFunction) =>
    synthesized(
      {
        ...{ outboundIdentityFederation: true, registry: { folder: "registry" }, alarms: { eachFunction } },
        ...{ account, canary: {} },
      },
      { registry: { json: "{}", digest: "0".repeat(64), force: false } },
    ).templates,
);
const runbook = readFileSync(new URL("../../docs/runbook.md", import.meta.url), "utf8");
const sections = new Map(
  runbook.split(/^## /m).map((text) => {
    const [title = "", ...body] = text.split("\n");
    return [title, body.join("\n")];
  }),
);
const alarmsOf = (templates: typeof few) =>
  all(templates ?? ({} as never), "AWS::CloudWatch::Alarm").map(({ id, it }) => ({
    name: id.replace(/^Watch/, "").replace(/[0-9A-F]{8}$/, ""),
    description: String(it.Properties.AlarmDescription),
  }));
const alarms = [...new Map([...alarmsOf(few), ...alarmsOf(each)].map((alarm) => [alarm.name, alarm])).values()];

describe("every alarm", () => {
  test("is looked at below: there are some", () => expect(alarms.length).toBeGreaterThan(25));

  test.each(alarms)("$name has a section in the runbook that says what to do first", ({ name }) => {
    expect(sections.get(name)).toMatch(/^First: \S/m);
  });

  test.each(alarms)("$name names its section in its description", ({ name, description }) => {
    expect(description).toContain(`docs/runbook.md#${name.toLowerCase()}`);
    expect(description.length).toBeLessThanOrEqual(1024);
  });
});

test("no section tells of an alarm that does not exist", () => {
  const known = new Set([
    "KeyWatch",
    "WallWatch",
    "TheftWatch",
    "KillWatch",
    "Keys",
    "Redrive",
    ...alarms.map(({ name }) => name),
  ]);
  const [, ...titles] = sections.keys();
  expect(titles.filter((title) => !known.has(title))).toEqual([]);
});

test("every link within the runbook leads to a section", () => {
  const anchors = new Set([...sections.keys()].map((title) => title.toLowerCase()));
  const links = [...runbook.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor);
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((anchor) => !anchors.has(anchor ?? ""))).toEqual([]);
});
