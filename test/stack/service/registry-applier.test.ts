import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rightsOf } from "../rights/lines.ts";
import { all, one, synthesized } from "../synthesized.ts";

const digest = "a1".repeat(32);
const deployed = (more: { json?: string; digest?: string; force?: boolean } = {}) =>
  synthesized(
    { registry: { folder: "registry" } },
    { registry: { json: '{"digest":"x"}', digest, force: false, ...more } },
  );
const { templates, folder } = deployed();
const { Service } = templates;

test("a stage that names no folder has no function that applies one, and no resource for it", () => {
  const none = JSON.stringify(synthesized().templates);
  expect(none).not.toContain("Custom::Registry");
  expect(none).not.toContain("RegistryApplier");
});

test("a folder that nobody validated is not deployed, nor one that the stage does not name", () => {
  expect(() => synthesized({ registry: { folder: "registry" } })).toThrow(/exactly when the stage names/);
  expect(() => synthesized({}, { registry: { json: "{}", digest, force: false } })).toThrow(/exactly when/);
});

test("the resource holds digest and settings alone: the registrations are not in the template", () => {
  const { Properties, DependsOn } = one(Service, "Custom::Registry");
  expect(Properties).toEqual({
    ServiceToken: { "Fn::GetAtt": [expect.stringMatching(/^RegistryApplierFunction/), "Arn"] },
    ServiceTimeout: 900,
    Digest: digest,
    Force: "false",
  });
  // its rights first: the first call would be refused
  expect(DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^RegistryApplierRoleDefaultPolicy/)]));
  const forced = deployed({ force: true }).templates;
  expect(one(forced.Service, "Custom::Registry").Properties.Force).toBe("true");
});

test("the registrations lie beside the code, and another folder is another asset", () => {
  const assetOf = (made: ReturnType<typeof deployed>) => {
    const { Code } = one(made.templates.Service, "AWS::Lambda::Function", "RegistryApplier").Properties;
    return String((Code as { S3Key: string }).S3Key).replace(/\.zip$/, "");
  };
  const lying = readFileSync(join(folder, `asset.${assetOf({ templates, folder })}`, "registry.json"), "utf8");
  expect(lying).toBe('{"digest":"x"}');
  expect(assetOf(deployed())).toBe(assetOf({ templates, folder }));
  expect(assetOf(deployed({ json: '{"digest":"y"}' }))).not.toBe(assetOf({ templates, folder }));
});

test("the function has the rights of the one that operators write by, no URL, and is let in by no policy", () => {
  const own = (role: string) => rightsOf(templates, "Service", role).filter((line) => !line.includes("log-group"));
  expect(own("RegistryApplier")).toEqual(own("AdminWrite"));
  const named = (type: string) =>
    all(templates, type).filter(({ it }) => JSON.stringify(it).includes("RegistryApplier"));
  expect(named("AWS::Lambda::Url")).toEqual([]);
  expect(named("AWS::Lambda::Permission")).toEqual([]);
});

test("no call comes so late that the stack has stopped waiting for it", () => {
  const { MaximumEventAgeInSeconds } = one(Service, "AWS::Lambda::EventInvokeConfig", "RegistryApplier").Properties;
  const { Timeout } = one(Service, "AWS::Lambda::Function", "RegistryApplier").Properties;
  const { ServiceTimeout } = one(Service, "Custom::Registry").Properties;
  expect(Number(MaximumEventAgeInSeconds) + Number(Timeout)).toBeLessThan(Number(ServiceTimeout));
  // it holds before the first call
  expect(one(Service, "Custom::Registry").DependsOn).toEqual(
    expect.arrayContaining([expect.stringMatching(/^RegistryApplierFunctionEventInvokeConfig/)]),
  );
});

test("what came of it is told by the stack's outputs", () => {
  expect(Object.keys(Service.Outputs)).toEqual(expect.arrayContaining(["RegistryVersion", "RegistryOutcome"]));
});
