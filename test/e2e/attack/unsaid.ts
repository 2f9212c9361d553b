import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asOfferTo, exchange } from "../../kit/wire/forms.ts";
import { claimsOf, testKey } from "../../kit/wire/key.ts";
import { order } from "./authority.ts";
import { granted, type Lab, openSession } from "./lab.ts";
import { vault } from "./registry.ts";

/** Nothing that a function needs rests on a condition that AWS documents for one action of a transaction alone. */
export function unsaidAttacks(lab: () => Lab): void {
  describe.each([true, false])("threat 45: where IAM is told the rows of a transaction (%s)", (told) => {
    beforeEach(() => {
      lab().world.cloud.unsaid.namesRowsInTransactions = told;
    });
    afterEach(() => {
      lab().world.cloud.unsaid.namesRowsInTransactions = true;
    });
    const asked = async (token: string) => (await lab().introspect(await lab().actor("vault-api"), token)).json;
    const offered = async () => {
      const { opener, token } = await openSession(lab());
      const of = [...exchange("session", token), ...asOfferTo(lab().idOf("worker"))] as const;
      const handle = granted(await lab().token(opener, [...of, ["resource", vault], ["scope", "vault:read"]]));
      return { opener, token, handle };
    };

    it("agents attest, open, offer, redeem, are asked about and end as ever", async () => {
      const fresh = await lab().actor("worker", await testKey());
      const { opener, token, handle } = await offered();
      const child = granted(await lab().token(fresh, exchange("offer", handle)));
      expect(claimsOf(child).root).toBe(claimsOf(token).root);
      const used = granted(await lab().token(opener, [...exchange("session", token), ["resource", vault]]));
      expect(await asked(used)).toMatchObject({ active: true });
      const second = await offered();
      expect((await lab().revoke(second.opener, [["token", second.handle]])).status).toBe(200);
      expect((await lab().token(await lab().actor("worker"), exchange("offer", second.handle))).status).toBe(400);
      expect((await lab().revoke(opener, [["token", token]])).status).toBe(200);
      expect((await lab().token(opener, [...exchange("session", token), ["resource", vault]])).status).toBe(400);
    });

    it("operators revoke, lift and change the registry as ever, and the clock's functions do their work", async () => {
      const calls = lab().world.cloud.calls();
      const before = calls.at(-1);
      const { token } = await openSession(lab());
      await order(lab(), { revoke: { session: claimsOf(token).sid }, reason: "gone" });
      const principal = claimsOf(token).sub;
      await order(lab(), { revoke: { principal }, reason: "gone" });
      await order(lab(), { lift: { principal }, reason: "back" });
      await lab().reapply((text) => `${text}\n# ${told}`);
      await lab().world.cloud.fireSchedules();
      // a condition that does not hold is answered with 400, too: some function of the clock's always runs beside another
      const since = calls.slice(before === undefined ? 0 : calls.lastIndexOf(before) + 1);
      const transactions = since.filter(({ operation }) => operation === "TransactWriteItems");
      expect(transactions.length).toBeGreaterThan(3);
      expect(transactions.filter(({ code }) => code === "AccessDeniedException")).toEqual([]);
    });
  });
}
