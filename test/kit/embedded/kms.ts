import type { KMSClient } from "@aws-sdk/client-kms";
import { readPolicy, refusal, type Statement } from "../../../local/emulator/iam/policy.ts";
import { openKms } from "../../../local/emulator/kms/service.ts";
import { type Access, type Answer, type Json, type Service, ServiceError } from "../../../local/emulator/service.ts";

export { readPolicy, type Statement };

/** Where keys are made, and by whom. */
interface KmsGround {
  readonly account: string;
  readonly region: string;
  readonly roleArn: string;
  /** The role's own policies. */
  readonly identity: readonly Statement[];
}

/** A KMS with the lockout check, and IAM before it: every call is evaluated by the role's policies and by the key's. */
export function openGuardedKms({ account, region, roleArn, identity }: KmsGround) {
  const policies = new Map<string, Statement[]>();
  /** Why IAM refuses the role an access, by these policies of the role and of the key; undefined when it does not. */
  const evaluate = ({ action, resource, context }: Access, by: readonly Statement[], policy?: Statement[]) => {
    const who = { "aws:principalarn": [roleArn], "aws:principalaccount": [account] };
    const asked = { principalArn: roleArn, account, action, resource, context: { ...context, ...who } };
    return refusal(asked, {
      identity: by,
      ...(policy ? { resource: policy } : {}),
      resourceMustAllow: resource !== "*",
    });
  };
  const kms: Service = openKms([], new Map(), {
    account,
    region,
    policyOf: (arn) => JSON.stringify({ Statement: policies.get(arn) ?? [] }),
    setPolicy: (arn, document) => void policies.set(arn, readPolicy(document, arn)),
    lockout: (_, resource, document) =>
      evaluate({ action: "kms:PutKeyPolicy", resource, context: {} }, identity, readPolicy(document, resource)),
  });
  const caller = {
    roleArn,
    sessionName: "test",
    tags: {},
    issuedAtMillis: 0,
    expiresAtMillis: 0,
    credentials: { accessKeyId: "", secretAccessKey: "", sessionToken: "" },
  };
  /** A call past IAM: what KMS itself says. Throws as KMS refuses. */
  const call = async (operation: string, input: Json): Promise<Answer["body"]> =>
    ((await kms.call(operation, input, caller)) as Answer).body;
  /** The SDK's client, as far as a maker of keys uses it; `change` may bend what it asks. */
  const client = (change: (input: Json) => Json = (input) => input): KMSClient =>
    ({
      async send(command: { input: Json }) {
        const operation = command.constructor.name.replace(/Command$/, "");
        const asked = change(command.input);
        for (const access of kms.access(operation, asked)) {
          const refused = evaluate(access, identity, policies.get(access.resource));
          if (refused !== undefined) throw new ServiceError("AccessDeniedException", refused);
        }
        return asTheSdkGives((await call(operation, asked)) as Record<string, unknown>);
      },
    }) as unknown as KMSClient;
  return { evaluate, call, client, policyOf: (arn: string) => policies.get(arn) };
}

function asTheSdkGives(body: Record<string, unknown>): object {
  const { KeyMetadata: made, PublicKey } = body as { KeyMetadata?: { CreationDate: number }; PublicKey?: string };
  if (made) return { KeyMetadata: { ...made, CreationDate: new Date(made.CreationDate * 1000) } };
  return PublicKey === undefined ? body : { ...body, PublicKey: Buffer.from(PublicKey, "base64") };
}
