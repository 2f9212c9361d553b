import { alonePrefixes } from "../../audit/record.ts";
import { limits } from "../../model/limits.ts";
import { err, ok } from "../../model/result.ts";
import type { Route } from "./route.ts";

/**
 * `GET /people/{id}/key`: the key under which the audit encrypts what it says of a person, to read it by. To whom it is
 * given is on record before it is given, one record a person, and an operator gets a few a second: whoever reads of
 * everybody cannot do it unseen. `held` is false for a person of whom nothing was encrypted, or who was erased.
 */
export const personKeyRoute: Route = {
  template: "/people/{id}/key",
  pattern: /^\/people\/(p_[a-z2-7]{32})\/key$/,
  parameters: [],
  async answer({ named, operator, audit }, { limiter, people, outbox, toRecord, ids }) {
    audit.add({ operation: "person.reveal", target: `principal:${named}` });
    const perSecond = limits.revealsPerSecond;
    if (!(await limiter.take(operator.uniqueId, perSecond, "reveal")))
      return err({ code: "rate_exceeded", agent: operator.uniqueId, perSecond, of: "reveal" });
    const found = await people.keyOf(named);
    if (!found) return ok({ held: false });
    await outbox.put(toRecord({ ...audit.facts, outcome: "allowed" }, `${alonePrefixes.reveal}${ids.id()}`));
    return ok({ held: true, key: found.key, madeAtSeconds: found.madeAtSeconds });
  },
};
