/** Keys and their aliases, as the template holds them. */
import { list } from "../cloudformation/list.ts";
import type { Cloud } from "../cloudformation/template.ts";
import type { KeyDescription } from "./key.ts";

/** Keys of the template. */
export function keysOf(cloud: Cloud): KeyDescription[] {
  return cloud.ofType("AWS::KMS::Key").map((resource) => {
    const { ref, attributes } = cloud.physical(resource);
    const {
      KeySpec = "SYMMETRIC_DEFAULT",
      KeyUsage = "ENCRYPT_DECRYPT",
      Enabled = true,
      Tags,
    } = cloud.properties(resource);
    const tags = Object.fromEntries(list(Tags).map(({ Key, Value }) => [String(Key), String(Value)]));
    return {
      id: ref,
      arn: attributes.Arn ?? "",
      spec: String(KeySpec),
      usage: String(KeyUsage),
      enabled: Enabled === true,
      tags,
    };
  });
}

/** Key id by alias name. */
export function aliasesOf(cloud: Cloud): Map<string, string> {
  return new Map(
    cloud.ofType("AWS::KMS::Alias").map((resource) => {
      const { AliasName, TargetKeyId } = cloud.properties(resource);
      return [String(AliasName), String(TargetKeyId).replace(/^arn:.*:key\//, "")];
    }),
  );
}
