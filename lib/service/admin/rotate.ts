import type { Construct } from "constructs";
import { LanyardFunction } from "../../function/lanyard-function.ts";
import type { ServiceFunctionProps } from "../service-function.ts";

/**
 * Accepts an operator's order to rotate, and shows the state of the keys. It writes orders, never a ring: the rotator,
 * which has no URL, carries them out.
 */
export class AdminRotate extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "admin-rotate" });
    const { tables } = props.state;
    tables.grantOrders(this);
    tables.grantRecords(this);
  }
}
