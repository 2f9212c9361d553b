import type { KeyPurpose } from "../../model/ports.ts";
import type { Ring, RotationOrder } from "../../ring/model.ts";
import type { RingView } from "../../ring/ports.ts";
import { purposes } from "./wish.ts";

/** Views of the rings that an operator may see. */
type Views = (purpose: KeyPurpose) => Promise<Pick<RingView, "ring" | "order">>;

/** The state of all keys by purpose, and which orders about them were handled. */
export async function ringsNow(view: Views): Promise<Record<string, object>> {
  const views = await Promise.all(purposes.map((purpose) => view(purpose)));
  return Object.fromEntries(purposes.map((purpose, i) => [purpose, stand(views[i] ?? {})]));
}

const stand = ({ ring, order }: { readonly ring?: Ring; readonly order?: RotationOrder }): object => ({
  keys: (ring?.keys ?? []).map(({ disabledAtSeconds: _, ...key }) => key),
  ...(order && order.id !== ring?.handledOrder ? { pending: { order: order.id, kind: order.kind } } : {}),
  ...(ring?.handledOrder === undefined ? {} : { handled: ring.handledOrder }),
  ...(ring?.refusedOrder === undefined ? {} : { refused: ring.refusedOrder }),
  switching: ring?.switching ?? [],
});
