import type { Construct } from "constructs";
import { LanyardFunction } from "../../function/lanyard-function.ts";
import type { ServiceFunctionProps } from "../service-function.ts";

/**
 * Takes an operator's order to rotate, and tells how the keys stand. It writes orders, never a ring: what is done about
 * an order is the rotator's affair, which no URL reaches.
 */
export class AdminRotate extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "admin-rotate" });
    const { tables } = props.state;
    tables.grantOrders(this);
    tables.grantRecords(this);
  }
}
