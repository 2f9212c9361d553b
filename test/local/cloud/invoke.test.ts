import { InvokeCommand, type InvokeCommandInput, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import type { RunningCloud } from "../../../local/emulator/running.ts";
import { recordOf, settings, setUp, cloud as traced, trail } from "../cloudtrail/ground.ts";
import { boot } from "../fixture/boot.ts";
import { getAtt } from "../fixture/shorthand.ts";
import { fixture, nameOf } from "./ground.ts";

/** Lambda's Invoke over the real wire: what comes back, who may, and what CloudTrail says of it. */

const away = "444455556666";
const partner = `arn:aws:iam::${away}:role/partner`;
const anybody = (more: object) => ({
  Type: "AWS::Lambda::Permission",
  Properties: { Action: "lambda:InvokeFunction", FunctionName: getAtt("Tick", "Arn"), ...more },
});

let cloud: RunningCloud;
beforeAll(async () => {
  cloud = await boot({ assembly: fixture({ ForPartner: anybody({ Principal: partner }) }) });
});
afterAll(() => cloud?.close());
setUp();

const lambdaOf = (running: RunningCloud, credentials: Credentials = running.operator) =>
  new LambdaClient({ ...running.aws, credentials: { ...credentials }, maxAttempts: 1 });
const invoke = (FunctionName: string, event?: unknown, more: Partial<InvokeCommandInput> = {}) =>
  lambdaOf(cloud).send(
    new InvokeCommand({ FunctionName, ...(event === undefined ? {} : { Payload: JSON.stringify(event) }), ...more }),
  );
const worker = () => (cloud.outputs.WorkerArn ?? "").split(":").at(-1) ?? "";
const tick = () => cloud.functions().find((name) => name.includes("Tick")) ?? "";
const told = ({ Payload }: { readonly Payload?: Uint8Array | undefined }) =>
  JSON.parse(Buffer.from(Payload ?? []).toString()) as Record<string, unknown>;

describe("a function that is invoked and waited for", () => {
  it("answers what it says, under the request id that its caller is told", async () => {
    const answer = await invoke(worker(), { act: "remaining" });
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: "$LATEST" });
    expect(answer.FunctionError).toBeUndefined();
    expect(told(answer).id).toBe(answer.$metadata.requestId);
  });

  it("is found by name, by account and name, and by ARN, with $LATEST or without", async () => {
    const arn = cloud.outputs.WorkerArn ?? "";
    for (const name of [worker(), `${cloud.account}:function:${worker()}`, arn, `${arn}:$LATEST`])
      expect(told(await invoke(name, { act: "count" }))).toMatchObject({ served: expect.any(Number) });
  });

  it("gets an empty object where nothing is sent, and says null where it says nothing", async () => {
    const answer = await invoke(tick());
    expect(told(answer)).toBeNull();
    expect(cloud.logs(tick()).join("\n")).toContain("ticked undefined");
  });

  it.each([
    ["fails", { act: "fail" }, { errorType: "TypeError", errorMessage: "it broke" }],
    ["dies", { act: "exit" }, { errorType: "Runtime.ExitError" }],
  ])("answers 200 when it %s, and says so", async (_, event, error) => {
    const answer = await invoke(worker(), event);
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: "Unhandled" });
    expect(told(answer)).toMatchObject(error);
  });
});

describe("a function that nobody waits for", () => {
  it("runs behind the answer", async () => {
    const answer = await invoke(worker(), { act: "print", line: "nobody waited" }, { InvocationType: "Event" });
    expect(answer.StatusCode).toBe(202);
    expect(Buffer.from(answer.Payload ?? []).toString()).toBe("");
    await expect.poll(() => cloud.logs(worker())).toContain("nobody waited");
  });

  it("is tried three times when it fails, and then no more", async () => {
    const failures = () => cloud.logs(worker()).filter((line) => line.includes('"errorMessage":"it broke"')).length;
    const before = failures();
    await invoke(worker(), { act: "fail" }, { InvocationType: "Event" });
    await expect.poll(failures).toBe(before + 3);
    await new Promise((resolve) => setTimeout(resolve, 1_000)); // clock: the queue's, which pauses for less between tries
    expect(failures()).toBe(before + 3);
  });
});

describe("an invocation is refused", () => {
  it.each([
    ["of a function that is not there", "nothing", {}, "ResourceNotFoundException"],
    ["of a version that is not there", "", { Qualifier: "7" }, "ResourceNotFoundException"],
    ["of another account's function of the same name", `${away}:function:`, {}, "AccessDeniedException"],
    ["with what is no JSON", "", { Payload: "{" }, "InvalidRequestContentException"],
    [
      "with more than a queue takes",
      "",
      { Payload: JSON.stringify("x".repeat(1_048_576)), InvocationType: "Event" as const },
      "RequestTooLargeException",
    ],
    ["with what the embedded Lambda does not know", "", { LogType: "Tail" as const }, "InvalidParameterValueException"],
  ])("%s", async (_, name, more, code) => {
    const FunctionName = name === "nothing" ? name : `${name}${worker()}`;
    expect(await nameOf(invoke(FunctionName, { act: "count" }, more))).toBe(code);
  });
});

describe("who may invoke", () => {
  const statement = (Resource: string) => ({
    Statement: [{ Effect: "Allow", Action: "lambda:InvokeFunction", Resource }],
  });
  let number = 0;
  const by = (policy: unknown, name: string, account = cloud.account) => {
    const credentials = cloud.addOperator(`arn:aws:iam::${account}:role/caller-${++number}`, policy);
    return nameOf(
      lambdaOf(cloud, credentials).send(new InvokeCommand({ FunctionName: name, Payload: '{"act":"count"}' })),
    );
  };
  const arnOf = (name: string) => `arn:aws:lambda:eu-west-1:${cloud.account}:function:${name}`;

  it("says the caller's own policy, by the function's ARN", async () => {
    expect(await by(statement(arnOf(worker())), worker())).toBe("ok");
    expect(await by(statement(arnOf("another")), worker())).toBe("AccessDeniedException");
    expect(await by({ Statement: [] }, worker())).toBe("AccessDeniedException");
    // a version is another resource than the function
    expect(await by(statement(arnOf(worker())), `${worker()}:$LATEST`)).toBe("AccessDeniedException");
  });

  it("does not say a permission that is for the function's URL alone, though it is for everybody", async () => {
    // the worker's URL lets everybody in
    expect(await by({ Statement: [] }, worker())).toBe("AccessDeniedException");
    expect(await by(statement(arnOf(worker())), arnOf(worker()), away)).toBe("AccessDeniedException");
  });

  it("needs, from another account, the word of both", async () => {
    const asPartner = (policy: unknown, FunctionName: string) =>
      nameOf(lambdaOf(cloud, cloud.addOperator(partner, policy)).send(new InvokeCommand({ FunctionName })));
    expect(await asPartner(statement("*"), arnOf(tick()))).toBe("ok");
    expect(await asPartner({ Statement: [] }, arnOf(tick()))).toBe("AccessDeniedException");
    expect(await asPartner(statement("*"), arnOf(worker()))).toBe("AccessDeniedException");
    expect(await by(statement("*"), arnOf(tick()), away)).toBe("AccessDeniedException");
  });

  it("threat 18: is nobody for a function that answers through its URL alone, whatever else they may", async () => {
    const name = (cloud.outputs.SignedArn ?? "").split(":").at(-1) ?? "";
    for (const InvocationType of ["RequestResponse", "Event", "DryRun"] as const)
      expect(await nameOf(invoke(name, { act: "count" }, { InvocationType }))).toBe("AccessDeniedException");
    expect(await nameOf(invoke(worker(), undefined, { InvocationType: "DryRun" }))).toBe("ok");
  });
});

describe("CloudTrail's record of an invocation", () => {
  const send = (input: InvokeCommandInput, credentials: Credentials = traced.operator) =>
    new LambdaClient(settings(credentials)).send(new InvokeCommand(input));

  it("is a data event that names function, way and version, and holds neither event nor result", async () => {
    const functionName = traced.outputs.WorkerArn ?? "";
    const Payload = JSON.stringify({ act: "echo", secret: "in the event" });
    const record = await recordOf(send({ FunctionName: functionName, Payload }));
    expect(record).toMatchObject({
      ...{ eventSource: "lambda.amazonaws.com", eventName: "Invoke", eventCategory: "Data", managementEvent: false },
      ...{ readOnly: false, responseElements: null },
      requestParameters: { functionName, invocationType: "RequestResponse" },
      additionalEventData: { functionVersion: `${functionName}:$LATEST` },
      resources: [{ accountId: traced.account, type: "AWS::Lambda::Function", ARN: functionName }],
    });
    expect(JSON.stringify(trail())).not.toContain("in the event");
  });

  it("tells a refusal, and what the function did under its own role", async () => {
    const functionName = traced.outputs.SignedArn ?? "";
    const refused = await recordOf(send({ FunctionName: functionName }));
    expect(refused).toMatchObject({
      eventName: "Invoke",
      errorCode: "AccessDenied",
      resources: [{ ARN: functionName }],
    });
    const key = { id: { S: "nobody's" } };
    await send({ FunctionName: traced.outputs.WorkerArn ?? "", Payload: JSON.stringify({ act: "get", key }) });
    const read = trail().filter(({ eventName }) => eventName === "GetItem");
    expect(read.at(-1)?.userIdentity).toMatchObject({
      sessionContext: { sessionIssuer: { arn: traced.outputs.WorkerRoleArn } },
      inScopeOf: { issuerType: "AWS::Lambda::Function", credentialsIssuedTo: traced.outputs.WorkerArn },
    });
  });
});
