import express, { type Express } from "express";
import { expect, onTestFinished, test } from "vitest";
import * as authorizer from "../../../client/adapters/authorizer.ts";
import * as onExpress from "../../../client/adapters/express.ts";
import { listenWith } from "../../kit/wire/server.ts";
import { ada, issuer } from "../../verify/issuer.ts";
import { documented } from "../page.ts";
import { httpAuthorizerEvent } from "./events.ts";
import { credentials, guarded, resource, setUp } from "./ground.ts";

setUp();

const { linesOf, run } = documented("resource-servers.md", {
  express: { default: express },
  "@lanyard-iam/client/express": onExpress,
  "@lanyard-iam/client/authorizer": authorizer,
});

/** The page's own input, by the clock and the network of the tests. */
const here = <Input extends object>(input: Input) => ({ ...guarded(), ...input });

test("the lines of docs/resource-servers.md guard an application of Express", async () => {
  const [lines = ""] = linesOf("In a framework");
  const createExpressGuard = (input: Parameters<typeof onExpress.createExpressGuard>[0]) =>
    onExpress.createExpressGuard(here(input));
  const served = await listenWith((await run(lines, { issuer, createExpressGuard }, "app")) as Express);
  onTestFinished(served.close);
  const ask = (method: string, more: object = {}) =>
    fetch(`http://127.0.0.1:${served.port}/api/tickets`, {
      method,
      headers: credentials({ url: `${resource}/api/tickets`, method, ...more }),
    });
  expect(await (await ask("GET")).json()).toEqual({ for: ada });
  expect((await ask("POST")).status).toBe(201);
  expect((await ask("POST", { claims: { scope: "tickets:read" } })).status).toBe(403);
  expect((await ask("GET", { claims: { scope: "tickets:write" } })).status).toBe(403);
});

test("the lines of docs/resource-servers.md make an authorizer", async () => {
  const [lines = ""] = linesOf("Authorizers");
  const createHttpApiAuthorizer = (input: Parameters<typeof authorizer.createHttpApiAuthorizer>[0]) => {
    const { requestUrl: _, ...own } = here(input);
    return authorizer.createHttpApiAuthorizer(own);
  };
  const given = { issuer, createHttpApiAuthorizer };
  const handler = (await run(lines, given, "handler")) as ReturnType<typeof createHttpApiAuthorizer>;
  const ask = async (method: string, scope: string) => {
    const url = "https://h1.execute-api.eu-west-1.amazonaws.com/things";
    const headers = credentials({ url, method, claims: { scope } });
    return (await handler(httpAuthorizerEvent({ headers, method }))).isAuthorized;
  };
  expect(await ask("GET", "tickets:read")).toBe(true);
  expect(await ask("POST", "tickets:read")).toBe(false);
  expect(await ask("POST", "tickets:write")).toBe(true);
});
