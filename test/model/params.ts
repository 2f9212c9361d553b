import {
  accessTokenType,
  cibaGrant,
  idTokenType,
  offerTokenType,
  sessionTokenType,
  tokenExchangeGrant,
} from "../../core/model/wire.ts";
import { agentId, customers, tickets } from "../kit/registry.ts";
import type { Params } from "../kit/world/tokens.ts";
import type { Bound } from "./bind.ts";
import { payments, releases } from "./rows.ts";
import { type Cost, sessionBudget } from "./spending.ts";
import { type Resource, resourceOf } from "./state.ts";

export const uriOf: Record<Resource, string> = { tickets, customers, payments, releases };

/** What a program's steps have got so far, as it is sent. */
interface Held {
  readonly logins: ReadonlyMap<number, string>;
  readonly tokens: ReadonlyMap<number, { readonly text: string; readonly type: string }>;
  readonly offers: ReadonlyMap<number, string>;
  readonly approvals: ReadonlyMap<number, string>;
}

/** The form of one request to the token endpoint. */
export function paramsOf(
  request: Bound & { kind: "open" | "access" | "renew" | "offer" | "redeem" | "hop" | "claim" },
  held: Held,
): Params {
  const exchange = (text = "", type: string): Params => ({
    grant_type: tokenExchangeGrant,
    subject_token: text,
    subject_token_type: type,
  });
  const own = (step: number): Params => {
    const token = held.tokens.get(step);
    return exchange(token?.text, token?.type ?? accessTokenType);
  };
  switch (request.kind) {
    case "open": {
      const { login, scopes, lifeSeconds } = request;
      const resource = [...new Set(scopes.map(resourceOf))].map((one) => uriOf[one]);
      const authority =
        login === undefined ? { grant_type: "client_credentials" } : exchange(held.logins.get(login), idTokenType);
      return {
        ...authority,
        resource,
        scope: scopes.join(" "),
        requested_token_type: resource.length > 1 ? sessionTokenType : undefined,
        lifetime_seconds: lifeSeconds === undefined ? undefined : String(lifeSeconds),
        max_uses: usesOf(request),
        budget: request.budgeted ? JSON.stringify(sessionBudget) : undefined,
      };
    }
    case "access":
      return { ...own(request.token), resource: uriOf[request.resource], max_uses: usesOf(request) };
    case "renew": {
      const lifetime_seconds = String(request.lifeSeconds);
      return { ...own(request.token), requested_token_type: sessionTokenType, lifetime_seconds };
    }
    case "offer": {
      const { scope, to } = request;
      const target = { audience: agentId(to), requested_token_type: offerTokenType };
      return {
        ...own(request.token),
        ...target,
        resource: uriOf[resourceOf(scope)],
        scope,
        max_uses: usesOf(request),
      };
    }
    case "claim":
      return { grant_type: cibaGrant, auth_req_id: held.approvals.get(request.approval) };
    case "redeem":
      return exchange(held.offers.get(request.offer), offerTokenType);
    case "hop": {
      const { scope } = request;
      const token = held.tokens.get(request.token)?.text;
      return { ...exchange(token, accessTokenType), resource: uriOf[resourceOf(scope)], scope };
    }
  }
}

/** The most a call can cost, or what it did cost. */
export const costOf = ({ cost }: { readonly cost?: Cost }): Params =>
  cost ? { cost: `${cost.amount} ${cost.currency}` } : {};

const usesOf = ({ maxUses }: { readonly maxUses?: number }) => (maxUses === undefined ? undefined : String(maxUses));
