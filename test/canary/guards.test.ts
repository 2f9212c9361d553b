/** The canary's resource is served inside its function, and nothing else is. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { canary } from "../../core/model/canary.ts";
import { guardedBy, guardModes, serveResource } from "../../lambdas/canary/guards.ts";

const out = vi.fn(async () => new Response("from outside", { status: 418 }));
beforeAll(() => void vi.stubGlobal("fetch", out));
afterAll(() => void vi.unstubAllGlobals());

const introspect = vi.fn(async () => ({ active: false }));
const fetch = serveResource("https://id.example.com", () => ({ introspect }));

test.each(guardModes)("a request without a token is refused by the guard %s, and goes nowhere", async (mode) => {
  expect((await fetch(guardedBy(mode))).status).toBe(401);
  expect(out).not.toHaveBeenCalled();
});

test.each([`${canary.resource}/`, `${canary.resource}/other`, "https://id.example.com/offline"])(
  "%s is no address of it, and is asked for outside",
  async (url) => {
    out.mockClear();
    expect((await fetch(url)).status).toBe(418);
    expect(out).toHaveBeenCalledTimes(1);
  },
);
