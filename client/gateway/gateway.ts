import { limits } from "../../core/model/limits.ts";
import { isAccessHandle } from "../../core/model/wire.ts";
import { toolDigest } from "../../core/tools/digest.ts";
import type { VerifiedAccess } from "../../core/verify/verified-access.ts";
import type { LanyardAgent } from "../agent/agent.ts";
import { isGiven } from "../mcp/needs.ts";
import type { Authenticated } from "../resource/authenticated.ts";
import type { PlainRequest, RawRequest } from "../resource/request.ts";
import {
  createResourceServer,
  type Operation,
  type ResourceServer,
  type ResourceServerInput,
} from "../resource/resource-server.ts";
import type { ServedTools } from "../tools/served-tools.ts";
import { createTelling, type Telling } from "./telling.ts";
import { type CallDecision, decisionOf, malformed, questionOf, type ToolCall } from "./tool-call.ts";

/** Input of {@link createGateway}: that of a guard, and the gateway's own agent, which serves or fronts the resource. */
export interface GatewayInput extends Omit<ResourceServerInput, "agent"> {
  readonly agent: Pick<LanyardAgent, "introspect" | "decide"> & Partial<Pick<LanyardAgent, "settle">>;
  /**
   * The server's tools as it lists them now: at each call the digest of its tool is told, as pinned tools need. A tool
   * that is refused, or not shown, is told of once as it is declared, so that people are asked where the registry names
   * whom (`toolChanges`).
   */
  readonly served?: ServedTools;
}

/** A caller that was let in, about whose calls the gateway may ask. */
export interface GatewayCaller extends Authenticated {
  /**
   * Whether this caller may make this call now. Where its uses are counted, a yes takes one; ask once for each call.
   * @throws LanyardError where nothing could be decided: then the call must not be passed on
   */
  mayCall(call: ToolCall): Promise<boolean>;
  /**
   * The same with what budgets say: what was reserved for a call, or what is left and when it renews.
   * @throws LanyardError as {@link GatewayCaller.mayCall}
   * @throws TypeError for a cost that is none
   */
  judgeCall(call: ToolCall): Promise<CallDecision>;
  /**
   * Names of the tools that it may call with some arguments, for an answer to `tools/list`. Nothing is counted.
   * @throws LanyardError
   */
  tools(): Promise<readonly string[]>;
  /**
   * What of a server's list this caller may be shown: the tools that it may call with some arguments, and of those that
   * are pinned none at another digest, since a model reads what a tool says before anything is called. Nothing is
   * counted.
   * @param listed `tools` of a page of `tools/list`
   * @returns items of the page, unchanged
   * @throws LanyardError
   */
  shown<T>(listed: readonly T[]): Promise<readonly T[]>;
}

/** A guard that asks about calls of tools. */
export interface Gateway extends Pick<Telling, "tell"> {
  /**
   * Tells who calls: token and proof are verified here, before anything is asked.
   * @param operation as `ResourceServer.authenticate`'s
   * @throws AccessError with the reply to send instead
   */
  authenticate(request: RawRequest | PlainRequest, operation?: Operation): Promise<GatewayCaller>;
  readonly metadata?: ResourceServer["metadata"];
}

/**
 * Guards tool servers from before: every request must carry an access token for `resource` and a proof by its key, and
 * every call of a tool is asked of the deployment's decision point, which knows session, details and policies as they
 * stand now. It throws as `createResourceServer` (`client/resource/resource-server.ts`) does.
 */
export function createGateway(input: GatewayInput): Gateway {
  const guard = createResourceServer(input);
  const { agent, resource, served } = input;
  const { tell, mention, seen } = createTelling(agent, resource);
  return {
    tell,
    ...(guard.metadata ? { metadata: guard.metadata } : {}),
    async authenticate(request, operation) {
      const caller = await guard.authenticate(request, operation);
      const subject = subjectOf(caller.access);
      const judgeCall = async (call: ToolCall): Promise<CallDecision> => {
        const digest = call.digest ?? (await served?.digest(call.tool));
        const question = questionOf({ ...call, ...(digest === undefined ? {} : { digest }) }, { subject, resource });
        // of a handle the introspection has taken the use and the cost that this call is worth; several questions take none
        const isCounted = isAccessHandle(caller.presentedAccessToken);
        const answer = await agent.decide(isCounted ? "evaluations" : "evaluation", question);
        const decided = decisionOf(answer, call, agent);
        // it may be refused for anything; whether people are asked, the decision point knows
        if (!decided.allowed && served) mention(await served.declared(call.tool).catch(() => undefined));
        return isCounted && decided.allowed && caller.reserved ? { ...decided, reserved: caller.reserved } : decided;
      };
      return {
        ...caller,
        judgeCall,
        mayCall: async (call) => (await judgeCall(call)).allowed,
        tools: async () => [...(await callable(agent, { subject, resource })).pins.keys()],
        async shown(listed) {
          const each = await Promise.all(listed.map(async (tool) => ({ tool, ...(await digestOf(tool)) })));
          const { pins, differs } = await callable(agent, { subject, resource, served: each });
          for (const { tool, name } of each) if (name !== undefined && differs.has(name)) mention(tool);
          const kept = each.filter((one) => isAsPinned(one, pins));
          for (const { tool, name } of kept) if (name !== undefined && pins.get(name) !== undefined) seen(name, tool);
          return kept.map(({ tool }) => tool);
        },
      };
    },
  };
}

/** A tool by its name, and its digest where it has one. */
interface Digested {
  readonly name?: string;
  readonly digest?: string;
}

async function digestOf(tool: unknown): Promise<Digested> {
  const name: unknown = isGiven(tool) && Object.hasOwn(tool, "name") ? tool.name : undefined;
  if (typeof name !== "string") return {};
  const digest = await toolDigest(tool);
  return { name, ...(digest.ok ? { digest: digest.value } : {}) };
}

/**
 * The tools that a session may call with some arguments, each with the digests at which it may be served, if any; and
 * of those that are listed now the ones that people can be asked about.
 */
async function callable(
  agent: GatewayInput["agent"],
  { subject, resource, served = [] }: { subject: object; resource: string; served?: readonly Digested[] },
): Promise<{ readonly pins: ReadonlyMap<string, unknown>; readonly differs: ReadonlySet<unknown> }> {
  const sought = { type: "tool", properties: { server: resource } };
  const now = served.flatMap(({ name, digest }) => (name && digest ? [[name, digest] as const] : []));
  // of more than a resource may declare, none is named: what is pinned is shown all the same
  const named = now.length > 0 && now.length <= limits.toolsOfResource;
  const { results, context } = await agent.decide("resource", {
    ...{ subject, action: { name: "tools/call" }, resource: sought },
    ...(named ? { context: { served: Object.fromEntries(now) } } : {}),
  });
  if (!Array.isArray(results)) throw malformed("results are missing");
  const { differs } = isGiven(context) ? context : {};
  return {
    pins: new Map(
      results.flatMap(({ id, properties }: { readonly id?: unknown; readonly properties?: { digests?: unknown } }) =>
        typeof id === "string" ? [[id, properties?.digests]] : [],
      ),
    ),
    differs: new Set(Array.isArray(differs) ? differs : []),
  };
}

function isAsPinned({ name, digest }: Digested, pins: ReadonlyMap<string, unknown>): boolean {
  if (name === undefined || !pins.has(name)) return false;
  const digests = pins.get(name);
  return digests === undefined || (digest !== undefined && Array.isArray(digests) && digests.includes(digest));
}

/** The session, and what its token says of itself: a token that holds less than its session permits no more than it says. */
const subjectOf = ({ sid, root, scopes, details }: VerifiedAccess) => ({
  type: "session",
  id: sid,
  properties: { root, scope: scopes.join(" "), ...(details.length > 0 ? { authorization_details: details } : {}) },
});
