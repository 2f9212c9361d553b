import { err, ok } from "../../model/result.ts";
import type { Route } from "./route.ts";

/** An event's id; the log's own rows begin with a tilde, and are nobody's answer. */
const eventIdShape = /^[A-Za-z0-9_-][A-Za-z0-9_#.-]{0,127}$/;

/**
 * `GET /leaf?event=`: where a record stands in the log and in the bucket, so that nobody has to search a log of
 * millions for it. A hint and no evidence: whoever proves by it reads the log's own tiles. A record is known here as
 * long as its row in the Outbox is kept, and two days longer.
 */
export const leafRoute: Route = {
  template: "/leaf",
  pattern: /^\/leaf$/,
  parameters: ["event"],
  async answer({ query }, { leaves }) {
    const eventId = query.get("event");
    if (eventId === undefined) return err({ code: "parameter_missing", name: "event" });
    if (!eventIdShape.test(eventId))
      return err({ code: "parameter_invalid", name: "event", why: "not the id of an event" });
    const place = await leaves.placeOf(eventId);
    return place ? ok({ eventId, ...place }) : err({ code: "not_found", path: "/leaf" });
  },
};
