import { isAccessHandle } from "../../core/model/wire.ts";
import type { VerifiedAccess } from "../../core/verify/verified-access.ts";
import type { LanyardAgent } from "../agent/agent.ts";
import { LanyardError } from "../error.ts";
import type { Authenticated } from "../resource/authenticated.ts";
import type { PlainRequest, RawRequest } from "../resource/request.ts";
import { createResourceServer, type ResourceServer, type ResourceServerInput } from "../resource/resource-server.ts";

/** Input of {@link createGateway}: that of a guard, and the gateway's own agent, which serves or fronts the resource. */
export interface GatewayInput extends Omit<ResourceServerInput, "agent"> {
  readonly agent: Pick<LanyardAgent, "introspect" | "decide">;
}

/** One call of a tool, as it is about to be passed on. */
export interface ToolCall {
  /** The tool's name, exactly as it will be called. */
  readonly tool: string;
  /** The arguments, exactly as they will be passed on: what was decided about must be what is called. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Digest of the tool's declaration, where the gateway knows it. It is recorded. */
  readonly digest?: string;
}

/** A caller that was let in, about whose calls the gateway may ask. */
export interface GatewayCaller extends Authenticated {
  /**
   * Whether this caller may make this call now. Where its uses are counted, a yes takes one; ask once for each call.
   * @throws LanyardError where nothing could be decided: then the call must not be passed on
   */
  mayCall(call: ToolCall): Promise<boolean>;
  /**
   * Names of the tools that it may call with some arguments, for an answer to `tools/list`. Nothing is counted.
   * @throws LanyardError
   */
  tools(): Promise<readonly string[]>;
}

/** A guard that asks about calls of tools. */
export interface Gateway {
  /**
   * Tells who calls: token and proof are verified here, before anything is asked.
   * @throws AccessError with the reply to send instead
   */
  authenticate(request: RawRequest | PlainRequest): Promise<GatewayCaller>;
  readonly metadata?: ResourceServer["metadata"];
}

/**
 * Guards tool servers from before: every request must carry an access token for `resource` and a proof by its key, and
 * every call of a tool is asked of the deployment's decision point, which knows session, details and policies as they
 * stand now. It throws as `createResourceServer` (`client/resource/resource-server.ts`) does.
 */
export function createGateway(input: GatewayInput): Gateway {
  const guard = createResourceServer(input);
  const { agent, resource } = input;
  return {
    ...(guard.metadata ? { metadata: guard.metadata } : {}),
    async authenticate(request) {
      const caller = await guard.authenticate(request);
      const subject = subjectOf(caller.access);
      return {
        ...caller,
        async mayCall({ tool, arguments: args = {}, digest }) {
          const properties = { server: resource, ...(digest === undefined ? {} : { digest }) };
          const action = { name: "tools/call", properties: { arguments: args } };
          const question = { subject, action, resource: { type: "tool", id: tool, properties } };
          // of a handle the introspection has taken the use that this call is worth; several questions take none
          const api = isAccessHandle(caller.presentedAccessToken) ? "evaluations" : "evaluation";
          const { decision } = await agent.decide(api, question);
          if (typeof decision !== "boolean") throw malformed("decision is missing");
          return decision;
        },
        async tools() {
          const sought = { type: "tool", properties: { server: resource } };
          const { results } = await agent.decide("resource", {
            subject,
            action: { name: "tools/call" },
            resource: sought,
          });
          if (!Array.isArray(results)) throw malformed("results are missing");
          return results.flatMap(({ id }: { readonly id?: unknown }) => (typeof id === "string" ? [id] : []));
        },
      };
    },
  };
}

/** The session, and what its token says of itself: a token that holds less than its session permits no more than it says. */
const subjectOf = ({ sid, root, scopes, details }: VerifiedAccess) => ({
  type: "session",
  id: sid,
  properties: { root, scope: scopes.join(" "), ...(details.length > 0 ? { authorization_details: details } : {}) },
});

const malformed = (description: string) => new LanyardError("answer_malformed", "decide", { description });
