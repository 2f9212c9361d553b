/** The same small application in every framework: one guarded path below a mounted router, as each has it. */
import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import * as onExpress from "../../../client/adapters/express.ts";
import * as onFastify from "../../../client/adapters/fastify.ts";
import { createFetchGuard } from "../../../client/adapters/fetch.ts";
import * as onHono from "../../../client/adapters/hono.ts";
import { guarded } from "./ground.ts";

/** How an application differs from the others. */
export type More = Parameters<typeof guarded>[0] & {
  readonly requires?: readonly string[];
  readonly refused?: (error: Error) => void;
};

/**
 * Below `/api/v1` each has: `/things…`, which tells who calls; `/write`, which needs `tickets:burn` by the guard's own
 * check; `/late`, whose handler asks for it itself; `/queue/:id`, which uses what it names; `/broken`.
 */
export const frameworks: Readonly<Record<string, (more?: More) => Promise<RequestListener>>> = {
  Express: async (more = {}) => {
    const guard = onExpress.createExpressGuard({ ...guarded(more), ...more });
    const inner = express.Router();
    inner.get("/write", guard.requires("tickets:burn"), (_, response) => void response.send("written"));
    inner.get("/late", (request, response) => {
      onExpress.callerOf(request).requires("tickets:burn");
      response.send("late");
    });
    inner.get(
      "/queue/:id",
      guard.permits((request: express.Request) => ({ ticket: { queues: request.params.id } })),
      (_, response) => void response.send("queue"),
    );
    inner.get("/broken", () => {
      throw new Error("the handler's own");
    });
    inner.use((request, response) => void response.send(onExpress.callerOf(request).access.agent));
    const outer = express.Router();
    outer.use("/v1", guard, inner);
    const app = express();
    app.set("trust proxy", true);
    app.use("/api", outer);
    app.use(onExpress.answerRefusals);
    app.use(
      ((_error, _request, response, _next) => void response.status(500).send("own")) as express.ErrorRequestHandler,
    );
    return app;
  },
  Fastify: async (more = {}) => {
    const guard = onFastify.createFastifyGuard({ ...guarded(more), ...more });
    const app = fastify({ trustProxy: true, routerOptions: { ignoreDuplicateSlashes: true, maxParamLength: 500 } });
    app.setErrorHandler((error, request, reply) => {
      try {
        return onFastify.answerRefusals(error, request, reply);
      } catch {
        return reply.code(500).send("own");
      }
    });
    await app.register(
      async (outer) => {
        await outer.register(
          async (inner) => {
            inner.addHook("onRequest", guard);
            inner.get("/write", { preHandler: guard.requires("tickets:burn") }, async () => "written");
            inner.get("/late", async (request) => {
              onFastify.callerOf(request).requires("tickets:burn");
              return "late";
            });
            const permits = guard.permits((request) => ({
              ticket: { queues: (request as unknown as { params: { id: string } }).params.id },
            }));
            inner.get("/queue/:id", { preHandler: permits }, async () => "queue");
            inner.get("/broken", async () => {
              throw new Error("the handler's own");
            });
            inner.all("/*", async (request) => onFastify.callerOf(request).access.agent);
          },
          { prefix: "/v1" },
        );
      },
      { prefix: "/api" },
    );
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  Hono: async (more = {}) => {
    const guard = onHono.createHonoGuard({ ...guarded(more), ...more });
    const inner = new Hono();
    inner.use("*", guard);
    inner.get("/write", guard.requires("tickets:burn"), (context) => context.text("written"));
    inner.get("/late", (context) => {
      onHono.callerOf(context).requires("tickets:burn");
      return context.text("late");
    });
    inner.get(
      "/queue/:id",
      guard.permits((context) => ({
        ticket: { queues: (context as unknown as { req: { param(name: string): string } }).req.param("id") },
      })),
      (context) => context.text("queue"),
    );
    inner.get("/broken", () => {
      throw new Error("the handler's own");
    });
    inner.all("/*", (context) => context.text(onHono.callerOf(context).access.agent));
    const app = new Hono().basePath("/api");
    app.onError((_, context) => context.text("own", 500));
    app.route("/v1", inner);
    return getRequestListener(app.fetch);
  },
  "a plain fetch handler": async (more = {}) => {
    const handle = createFetchGuard({ ...guarded(more), ...more }, (request, caller) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/api/v1/write" || pathname === "/api/v1/late") caller.requires("tickets:burn");
      if (pathname.startsWith("/api/v1/queue/")) caller.permits({ ticket: { queues: pathname.split("/").at(-1) } });
      if (pathname === "/api/v1/broken") return new Response("own", { status: 500 });
      return new Response(caller.access.agent);
    });
    return getRequestListener((request) => handle(request));
  },
};
