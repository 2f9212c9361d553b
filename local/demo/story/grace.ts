import { asApprover } from "../approvers.ts";
import { mayPass, type SignedAnswer, signedCall } from "./signed-call.ts";
import { Misbehaved } from "./step.ts";
import type { World } from "./world.ts";

/** What a person is shown of a request that waits, as far as the story looks at it. */
export interface Shown {
  readonly agent: string;
  readonly digest: string;
  readonly grants: readonly {
    readonly resource: string;
    readonly scopes: readonly string[];
    readonly details: unknown;
  }[];
  readonly maxUses?: number;
  readonly agentSays?: string;
}

/** A person who decides, as IAM proves her at the address of `approve`. */
export interface Approver {
  /** Name of her session at AWS, as records have it. */
  readonly session: string;
  look(id: string): Promise<Shown>;
  /** @param shown the request that she says it of, by its digest */
  say(id: string, verdict: "approve" | "refuse", shown: Shown): Promise<void>;
}

/** Grace takes the account's role for approvers, under her own name. */
export async function graceSignsIn({ cloud, endpoints }: World): Promise<Approver> {
  const session = "grace";
  const credentials = await asApprover(cloud, session, session);
  const ask = async (id: string, content?: object): Promise<SignedAnswer> => {
    const url = `${endpoints.approve}/approvals/${id}`;
    const signed = { credentials, region: endpoints.aws.region };
    const answer = await signedCall(url, content ? { ...signed, content } : signed);
    if (answer.status === 200) return answer;
    // said already, where the answer to the first time was lost
    if (content && answer.body.error === "approval_decided") return answer;
    throw new Misbehaved(`Grace was answered ${answer.status}: ${JSON.stringify(answer.body)}`, {
      passing: mayPass(answer),
    });
  };
  return {
    session,
    look: async (id) => (await ask(id)).body as unknown as Shown,
    async say(id, verdict, { digest }) {
      await ask(id, { verdict, shown: digest });
    },
  };
}
