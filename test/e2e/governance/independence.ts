import { describe, expect, it } from "vitest";
import { type AgentSession, LanyardError } from "../../../client/index.ts";
import { crm, deploy, type Office } from "./office.ts";

/** Answers about sessions of others, with how long each took. */
interface Watch {
  readonly answers: { readonly active: boolean; readonly millis: number; readonly atMillis: number }[];
  stop(): Promise<void>;
}

/** Asks about sessions over and over, as their resource servers do. */
function watch(office: Office, sessions: readonly (readonly [AgentSession, string])[]): Watch {
  const answers: Watch["answers"] = [];
  let going = true;
  const asking = sessions.map(async ([session, resource]) => {
    while (going) {
      const atMillis = performance.now();
      const active = await office.lets(session, resource);
      answers.push({ active, atMillis, millis: performance.now() - atMillis });
    }
  });
  return {
    answers,
    stop: async () => {
      going = false;
      await Promise.all(asking);
    },
  };
}

const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** What is done to one agent does nothing to the others. */
export function independenceCases(office: () => Office): void {
  describe("one agent", () => {
    it("is suspended while the others' live sessions go on, every answer about them yes", async ({ annotate }) => {
      const { draft, promote, notes, lets, lanyard, agent } = office();
      const [letter, root] = [await draft(), await promote()];
      const child = await notes(root);
      expect(await lets(letter, crm)).toBe(true);
      const others = watch(office(), [
        [root, deploy],
        [child, deploy],
      ]);
      const since = (millis: number) => others.answers.filter(({ atMillis }) => atMillis >= millis).length;
      await expect.poll(() => since(0)).toBeGreaterThan(3);
      const beganMillis = performance.now();
      expect((await lanyard(["suspend", "mail-drafter", "--reason", "odd letters"])).code).toBe(0);
      const doneMillis = performance.now();
      expect(await lets(letter, crm)).toBe(false);
      const refusedMillis = performance.now() - doneMillis;
      await expect(agent("mail-drafter").identity()).rejects.toMatchObject({ status: expect.any(Number) });
      const afterMillis = performance.now();
      await expect.poll(() => since(afterMillis)).toBeGreaterThan(3);
      await others.stop();

      // asked or answered in that time: somebody always waits for an answer
      const part = (from: number, to: number) =>
        others.answers
          .filter(({ atMillis, millis }) => atMillis < to && atMillis + millis >= from)
          .map(({ millis }) => millis);
      const parts = [part(0, beganMillis), part(beganMillis, doneMillis), part(doneMillis, Number.POSITIVE_INFINITY)];
      for (const each of parts) expect(each.length).toBeGreaterThan(0);
      expect(others.answers.filter(({ active }) => !active)).toEqual([]);
      const said = parts.map(
        (each) => `${each.length} (median ${middle(each).toFixed(0)} ms, longest ${Math.max(...each).toFixed(0)} ms)`,
      );
      await annotate(`answers about others before, during, after: ${said.join(", ")}; none of them no`);
      await annotate(
        `the suspended agent's own: the first answer after it, ${refusedMillis.toFixed(0)} ms later, is no`,
      );
      await lanyard(["activate", "mail-drafter", "--reason", "they were jokes"]);
      expect(await lets(letter, crm)).toBe(true);
    });

    it("is adjusted while sessions live, its own and the others': all go on", async () => {
      const { draft, promote, notes, lets, edited, apply } = office();
      const root = await promote();
      const live = [
        [await draft(), crm],
        [root, deploy],
        [await notes(root), deploy],
      ] as const;
      const all = () => Promise.all(live.map(([session, resource]) => lets(session, resource)));
      await edited("agents/mail-drafter.yaml", "maxLifetimeSeconds: 300", "maxLifetimeSeconds: 240", async () => {
        expect((await apply()).out).toContain("maxLifetimeSeconds");
        expect(await all()).toEqual([true, true, true]);
        const tooLong = { status: 400, error: "invalid_request", reason: "lifetime_exceeds" };
        await office().refusals.of(() => draft({ lifetimeSeconds: 241 }), tooLong);
      });
      await apply();
      expect(await all()).toEqual([true, true, true]);
    });

    it("suspended takes its live children along, and is not outlived by what it was given", async () => {
      const { promote, notes, lets, lanyard } = office();
      const root = await promote();
      const child = await notes(root);
      const both = () => Promise.all([lets(root, deploy), lets(child, deploy)]);
      expect(await both()).toEqual([true, true]);
      const order = async (command: string, name: string) =>
        expect((await lanyard([command, name, "--reason", "tried"])).code).toBe(0);
      // the child's own agent: the root goes on
      await order("suspend", "release-notes");
      expect(await both()).toEqual([true, false]);
      await order("activate", "release-notes");
      expect(await both()).toEqual([true, true]);
      // whoever handed it on: the child's agent is untouched and its session worth nothing
      await order("suspend", "deployer");
      expect(await both()).toEqual([false, false]);
      await expect(child.accessToken(deploy, { scopes: [] })).rejects.toThrow(LanyardError);
      await expect(notes(root)).rejects.toThrow(LanyardError);
      await order("activate", "deployer");
      expect(await both()).toEqual([true, true]);
    });
  });
}
