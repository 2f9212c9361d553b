import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { beforeEach, expect, test } from "vitest";
import type { LanyardError } from "../../client/index.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { tickets } from "../kit/registry.ts";
import { createDeployment, type Deployment } from "./deployment.ts";

let cloud: Deployment;
beforeEach(async () => {
  const others = 'permit (principal, action, resource) unless { resource == Tool::"tickets:write" };';
  cloud = await createDeployment(
    { kind: "policy", name: "rest", cedar: others },
    {
      ...{ kind: "policy", name: "fresh" },
      cedar: `@max_age("300") @acr("urn:example:gold urn:example:silver")
        permit (principal, action, resource == Tool::"tickets:write");`,
    },
  );
  cloud.policy.engine = createCedarEngine(cedar);
});

const open = (claims: object) =>
  cloud.agent("planner").open({
    onBehalfOf: { idToken: cloud.idToken("planner-app", claims) },
    grants: [{ resource: tickets, scopes: ["tickets:write"] }],
  });
const failed = (opening: Promise<unknown>): Promise<LanyardError> =>
  opening.then(
    () => expect.unreachable(),
    (error: unknown) => error as LanyardError,
  );

test("a request that wants a fresher sign-in fails with what to send the provider, and opens with the new token", async () => {
  const error = await failed(open({ auth_time: cloud.time.seconds - 301, acr: "urn:example:gold" }));
  expect(error).toMatchObject({
    ...{ code: "sign_in_insufficient", error: "insufficient_user_authentication", status: 400, retryable: false },
    signIn: { maxAgeSeconds: 300, acrValues: ["urn:example:gold", "urn:example:silver"] },
  });
  expect(error.approval).toBeUndefined();
  await expect(open({ acr: "urn:example:silver" })).resolves.toBeDefined();
});

test.each([
  ["a negative age", { max_age: -1, acr_values: "a" }, { acrValues: ["a"] }],
  ["an age that is a text", { max_age: "300" }, {}],
  ["an age of a part of a second", { max_age: 0.5 }, {}],
  ["values that are a list", { max_age: 300, acr_values: ["a"] }, { maxAgeSeconds: 300 }],
  ["values with lines of their own", { acr_values: "a\nb" }, {}],
  ["values without end", { acr_values: "a".repeat(3_000) }, {}],
])("whatever is told: %s is left out", async (_, told, signIn) => {
  cloud.intercept.answer = ({ form }) =>
    form.has("grant_type")
      ? new Response(JSON.stringify({ error: "insufficient_user_authentication", ...told }), { status: 400 })
      : undefined;
  expect((await failed(open({}))).signIn).toEqual(signIn);
});
