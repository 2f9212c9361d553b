import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LanyardError } from "../../../client/index.ts";
import { agentOf, type Story, signIn, world } from "./ground.ts";
import { files, idOf, rows } from "./registry.ts";

/**
 * What may have no credentials of AWS, and gets none: no case of them reaches STS.
 * @param stories two that were told; the second one is ended here
 */
export function refusalCases(stories: () => readonly Story[]): void {
  const told = (at: number) => stories()[at] ?? expect.fail("that story was not told");
  const ada = () => told(0);
  const namesake = () => told(1);
  describe("no credentials are given", () => {
    const refusal = (work: Promise<unknown>) =>
      work.then(
        () => "given",
        ({ code }: LanyardError) => code,
      );
    const read = { resource: files, scopes: ["files:read"] };
    /** A session of the archivist's below a planner's. */
    const taken = async ({ planner }: Story) =>
      agentOf("archivist").redeem((await planner.offer({ to: idOf("archivist"), grants: [read] })).handle, {
        expect: "anything",
      });
    const assumed = () => world.cloud.calls().filter(({ operation }) => operation === "AssumeRole").length;
    let before: number;
    beforeAll(() => {
      before = assumed();
    });
    afterAll(() => expect(assumed()).toBe(before));

    it("of a role that is not registered for the agent", async () => {
      const { handle } = await ada().planner.offer({ to: idOf("stranger"), grants: [read] });
      const session = await agentOf("stranger").redeem(handle, { expect: "anything" });
      expect(await refusal(session.awsCredentials(read))).toBe("target_refused");
      expect(await refusal(ada().planner.awsCredentials({ resource: rows, scopes: ["rows:write"] }))).toBe(
        "target_refused",
      );
    });

    it("for more than the session holds", async () => {
      const archivist = await taken(ada());
      expect(await refusal(archivist.awsCredentials({ resource: files, scopes: ["files:list"] }))).toBe(
        "scope_refused",
      );
      expect(await refusal(archivist.awsCredentials({ resource: rows, scopes: ["rows:write"] }))).not.toBe("given");
    });

    it("for longer than the stage says", async () => {
      expect(await refusal(ada().planner.awsCredentials({ ...read, lifetimeSeconds: 61 }))).toBe("request_refused");
    });

    it("for a token that is for another audience, and for a session that is another's", async () => {
      const { token } = await ada().planner.accessToken(files, { scopes: ["files:read"] });
      let shown = token;
      const swapping: typeof fetch = (url, init) => {
        const form = new URLSearchParams(String(init?.body ?? ""));
        if (!String(url).startsWith(world.endpoints.credentials)) return fetch(url, init);
        stolen ??= form.get("subject_token") ?? undefined;
        form.set("subject_token", shown);
        return fetch(url, { ...init, body: form.toString() });
      };
      let stolen: string | undefined;
      const planner = agentOf("planner", { fetch: swapping as never });
      const session = await planner.open({
        onBehalfOf: { idToken: await signIn("people") },
        grants: [read],
        renewable: true,
      });
      expect(await refusal(session.awsCredentials(read))).toBe("request_refused");
      // a whole session token, shown by an agent that it was not given to
      shown = stolen ?? "";
      const { handle } = await ada().planner.offer({ to: idOf("archivist"), grants: [read] });
      const thief = agentOf("archivist", { fetch: swapping as never });
      const own = await thief.redeem(handle, { expect: "anything" });
      expect(await refusal(own.awsCredentials(read))).toBe("request_refused");
    });

    it("for a session below one that has ended", async () => {
      const archivist = await taken(namesake());
      await namesake().planner.end();
      expect(await refusal(archivist.awsCredentials(read))).toBe("request_refused");
    });
  });

  describe("credentials of a session that ends soon", () => {
    it("end with it", async () => {
      const planner = agentOf("planner");
      const idToken = await signIn("people");
      const read = { resource: files, scopes: ["files:read"] };
      const session = await planner.open({
        onBehalfOf: { idToken },
        grants: [read],
        renewable: true,
        lifetimeSeconds: 30,
      });
      const { expiration } = await session.awsCredentials(read);
      expect(expiration.getTime()).toBeLessThanOrEqual(Date.now() + 30_000);
    });
  });
}
