/** Probes of the signing keys: who may use them, and that the rotator can make new ones. */
import { DescribeKeyCommand, SignCommand } from "@aws-sdk/client-kms";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import type { Ring } from "../../core/ring/model.ts";
import { kmsNames } from "../../lambdas/aws/kms/key-policy.ts";
import { rotated } from "../../lib/state/keys.ts";
import { differs, Missing, ok, output, type Probe, type ProveGround, refused, untried } from "./ground.ts";

async function rings(ground: ProveGround): Promise<readonly Ring[]> {
  const TableName = output(ground, "KeyringTable");
  const documents = DynamoDBDocumentClient.from(ground.clients.dynamo);
  const found: Ring[] = [];
  for (const purpose of rotated) {
    const { Item } = await documents.send(new GetCommand({ TableName, Key: { ring: purpose }, ConsistentRead: true }));
    if (Item === undefined)
      throw new Missing(`the rotator has not written the ring of ${purpose} yet; it comes every five minutes`);
    found.push(Item as unknown as Ring);
  }
  return found;
}

export const keysRefuse: Probe = {
  name: "keys-refuse",
  asks: "KMS refuses an administrator's signature with every key of the rings",
  async run(ground) {
    const keys = (await rings(ground))
      .flatMap(({ keys }) => keys)
      .filter(({ disabledAtSeconds }) => disabledAtSeconds === undefined);
    for (const { keyArn, alg } of keys) {
      const sign = new SignCommand({
        KeyId: keyArn,
        Message: Buffer.alloc(32),
        MessageType: "DIGEST",
        SigningAlgorithm: kmsNames[alg].algorithm,
      });
      if (await refused(() => ground.clients.kms.send(sign)))
        return differs(
          `${keyArn} signed for you: its policy does not deny kms:Sign to all but its role; whoever has kms:* can mint tokens`,
        );
    }
    return ok(`${keys.length} keys refuse; the watch on the keys should have told of each attempt`);
  },
};

/** After this a rotator that can make keys has made and published one of each kind. */
const patienceSeconds = 1_800;

export const standbyKeys: Probe = {
  name: "standby-keys",
  asks: "KMS took the keys that the rotator made; each ring has a standby",
  async run(ground) {
    for (const { purpose, keys } of await rings(ground)) {
      for (const { alg, kid, activatedAtSeconds = 0 } of keys.filter(({ state }) => state === "active")) {
        const standby = keys.find((key) => key.alg === alg && key.kid !== kid && key.state === "published");
        const signsFor = Math.floor(ground.nowMillis() / 1000) - activatedAtSeconds;
        if (standby === undefined && signsFor < patienceSeconds)
          return untried(
            `${purpose} has no published ${alg} standby yet; one is due within half an hour of the deployment`,
          );
        if (standby === undefined)
          return differs(
            `${purpose} has no ${alg} standby after ${signsFor} s: the rotator cannot make keys, and every rotation is refused; its log says what KMS answered`,
          );
        const { KeyMetadata: made } = await ground.clients.kms.send(new DescribeKeyCommand({ KeyId: standby.keyArn }));
        if (made?.KeyState !== "Enabled" || made.Origin !== "AWS_KMS" || made.MultiRegion !== false)
          return differs(
            `${standby.keyArn} is ${made?.KeyState}, of ${made?.Origin}: the ring's row and KMS do not agree`,
          );
      }
    }
    return ok("each ring has a standby that KMS made inside, in this Region");
  },
};
