import { createIntrospectEndpoint } from "../../core/endpoints/introspect.ts";
import { spiffeAssertionType } from "../../core/model/wire.ts";
import { inBase, tickets } from "../../test/kit/registry.ts";
import { dpopProof } from "../../test/kit/wire/key.ts";
import { tokenUrl } from "../../test/kit/world/tokens.ts";
import type { Bench, Row } from "../row.ts";
import { openDecisions, rowsOf } from "./decision.ts";
import { billOf } from "./lines.ts";
import { linesOf } from "./session.ts";

/**
 * The same answer where one budget bounds calls in an hour and a day, and money in a day; and the settlement of what it
 * reserved.
 */
export const budgetedCost: Bench = {
  name: "cost/budgeted",
  quick: true,
  async measure(): Promise<readonly Row[]> {
    const most = { calls: { hour: 100, day: 1_000 }, money: { currency: "EUR", day: 100_000 } };
    const planner = { ...inBase("agent", "planner"), budgets: [{ name: "ledger", resources: [tickets], ...most }] };
    const { tally, decide, deps, world, server, close } = await openDecisions(planner);
    try {
      const introspect = createIntrospectEndpoint(deps);
      const settle = async (report: unknown) => {
        const form = new URLSearchParams({
          ...{ client_assertion_type: spiffeAssertionType, client_assertion: server.identity() },
          ...{ report: String(report), cost: "250 EUR" },
        });
        const proof = dpopProof(server.key, { url: tokenUrl, atSeconds: world.time.seconds });
        const { status, body } = await introspect(world.call(form.toString(), [proof]));
        if (status !== 200) throw new Error(`the measured settlement was refused: ${body}`);
      };
      const call = () => decide({ cost: { amount: 1_250, currency: "EUR" } });
      await settle((await call()).report);
      tally.clear();
      const { report } = await call();
      const decided = rowsOf("a decision under a budget (calls an hour and a day, money a day)", tally, 5);
      const bill = billOf("a million decisions under it", linesOf(tally));
      tally.clear();
      await settle(report);
      return [
        ...decided,
        ...bill,
        ...rowsOf("the settlement of its cost", tally),
        ...billOf("a million settlements", linesOf(tally)),
      ];
    } finally {
      await close();
    }
  },
};
