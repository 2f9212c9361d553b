import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { describe, expect, it } from "vitest";
import { attachToInput } from "../../../client/messages.ts";
import { ended, type Work } from "./agents/agent.ts";
import { clientOf, credentialsOf, noted, type Story, settle, world } from "./ground.ts";
import { account, files, idOf } from "./registry.ts";
import { byKey, held, nodesOf, trace, trailLines } from "./trace.ts";

/**
 * The hop without HTTP: an offer in the input of Lambda's Invoke.
 * @param story one that was told, whose planner goes on
 */
export function invokedCases(story: () => Story): void {
  describe("a function that is invoked without HTTP", () => {
    const FunctionName = () => world.cloud.outputs.ClerkName ?? "";
    const invoke = (by: string, input: object) =>
      clientOf(LambdaClient, credentialsOf(by)).send(
        new InvokeCommand({ FunctionName: FunctionName(), Payload: JSON.stringify(input) }),
      );
    const said = async (by: string, input: object) => {
      const { FunctionError, Payload } = await invoke(by, input);
      const text = Buffer.from(Payload ?? []).toString();
      return FunctionError === undefined ? (JSON.parse(text) as Work) : Promise.reject(new Error(text));
    };
    const offer = { to: idOf("clerk"), grants: [{ resource: files, scopes: ["files:read"] }] };

    it("works under the offer in its input, and is traced to the person as any other hop", async () => {
      const input = await attachToInput(story().planner, { ticket: 1 }, offer);
      const { sid, ends } = await noted(said("planner", input));
      expect(ends).toEqual(["ok", "AccessDenied"]);
      await settle(sid);
      const { roots } = await trace("session", sid);
      const clerk = roots.flatMap(nodesOf).find((node) => node.sid === sid);
      expect(clerk).toMatchObject({ agent: idOf("clerk"), principal: story().planner.principal });
      expect(clerk && held(clerk)).toEqual({ unmatched: [], extra: [] });
      expect(clerk && byKey(clerk).filter(({ source }) => source === "s3.amazonaws.com")).toHaveLength(2);
      const lines = trailLines().filter(({ eventName }) => eventName === "Invoke");
      expect(lines).toHaveLength(1);
      // whoever reads the trail learns that it was invoked, by whom, and nothing of the offer
      expect(lines[0]?.userIdentity).toMatchObject({
        sessionContext: { sessionIssuer: { arn: `arn:aws:iam::${account}:role/agents/planner` } },
      });
      expect(JSON.stringify(lines)).not.toContain(input["lanyard-offer"]);
    });

    it("does nothing without an offer, with one of another agent, or for a role that may not invoke it", async () => {
      await expect(said("planner", { ticket: 1 })).rejects.toThrow("offer_missing");
      const another = await attachToInput(story().planner, {}, { ...offer, to: idOf("archivist") });
      await expect(said("planner", another)).rejects.toThrow("LanyardError");
      expect(await ended(invoke("archivist", {}))).toBe("AccessDeniedException");
    });
  });
}
