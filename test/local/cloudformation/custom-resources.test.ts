import { describe, expect, it } from "vitest";
import type { Stack } from "../../../local/emulator/cloudformation/assembly.ts";
import { customAnswers, runCustomResources } from "../../../local/emulator/cloudformation/custom-resources.ts";
import { physicalNames } from "../../../local/emulator/cloudformation/physical.ts";
import { resolveStacks } from "../../../local/emulator/cloudformation/template.ts";
import type { HostedFunction } from "../../../local/emulator/functions/host.ts";

const stack: Stack = {
  name: "service",
  account: "111122223333",
  region: "eu-west-1",
  assets: new Map(),
  template: {
    Resources: {
      Maker: { Type: "AWS::Lambda::Function", Properties: { FunctionName: "maker" } },
      Thing: {
        Type: "Custom::Thing",
        Properties: { ServiceToken: { "Fn::GetAtt": ["Maker", "Arn"] }, Colour: "red" },
      },
    },
    Outputs: { Made: { Value: { "Fn::GetAtt": ["Thing", "Number"] } } },
  },
};

interface Event {
  readonly ResponseURL: string;
  readonly [name: string]: unknown;
}

/** Runs the stack's one custom resource by a function that does this with its event. */
async function run(work: (event: Event) => Promise<unknown>) {
  const answers = customAnswers();
  const naming = physicalNames({ functionUrl: () => "", customAttributes: answers.attributesOf });
  const cloud = resolveStacks([stack], naming);
  const events: Event[] = [];
  const maker = {
    description: { arn: "arn:aws:lambda:eu-west-1:111122223333:function:maker" },
    async invoke(event: Event) {
      events.push(event);
      await work(event);
      return {};
    },
  } as unknown as HostedFunction;
  await runCustomResources(cloud, new Map([["maker", maker]]), answers);
  return { outputs: cloud.outputs(), events };
}
const answer = (url: string, body: object | string, method = "PUT") =>
  fetch(url, { method, body: typeof body === "string" ? body : JSON.stringify(body) });

describe("a custom resource", () => {
  it("is created by its function, and its answer is what others refer to", async () => {
    const { outputs, events } = await run((event) =>
      answer(event.ResponseURL, { Status: "SUCCESS", Data: { Number: "7" } }),
    );
    expect(outputs).toEqual({ Made: "7" });
    expect(events).toMatchObject([
      {
        RequestType: "Create",
        StackId: "arn:aws:cloudformation:eu-west-1:111122223333:stack/service/local",
        LogicalResourceId: "Thing",
        ResourceType: "Custom::Thing",
        ResourceProperties: { Colour: "red" },
      },
    ]);
  });

  it.each<[string, (event: Event) => Promise<unknown>, RegExp]>([
    [
      "that fails stops the start with its reason",
      ({ ResponseURL }) => answer(ResponseURL, { Status: "FAILED", Reason: "no paint" }),
      /Custom::Thing Thing: no paint/,
    ],
    ["that never answers stops it too", async () => undefined, /ended without an answer/],
    [
      "that answers elsewhere has not answered",
      ({ ResponseURL }) => answer(`${ResponseURL}x`, { Status: "SUCCESS" }),
      /without an answer/,
    ],
    [
      "that answers otherwise than CloudFormation takes it has not answered",
      ({ ResponseURL }) => answer(ResponseURL, { Status: "SUCCESS" }, "POST"),
      /without an answer/,
    ],
    [
      "whose answer is longer than CloudFormation takes is refused",
      ({ ResponseURL }) => answer(ResponseURL, { Status: "SUCCESS", Data: { a: "x".repeat(4_096) } }),
      /longer than 4,096 bytes/,
    ],
  ])("%s", async (_, work, message) => {
    await expect(run(work)).rejects.toThrow(message);
  });

  it("that answers without an attribute others refer to is told by that attribute's name", async () => {
    await expect(run(({ ResponseURL }) => answer(ResponseURL, { Status: "SUCCESS" }))).rejects.toThrow(/Number/);
  });
});
