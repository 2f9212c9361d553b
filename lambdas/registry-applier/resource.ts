import { deployRegistry } from "../../core/endpoints/registry-applier.ts";
import type { RegistryDocument } from "../../core/model/registry-document.ts";
import { err, ok } from "../../core/model/result.ts";
import type { ApplyDeps } from "../../core/registry/apply.ts";
import { deployReason } from "../../core/registry/deploy/reason.ts";
import type { CustomResource } from "../custom-resource.ts";

/** The registry packaged with the code: validated registrations, each with its file and line. */
export interface PackedFolder {
  readonly digest: string;
  readonly documents: readonly RegistryDocument[];
}

/** Receives the outcome of an event. */
interface DeployLog {
  info(message: string, more: Readonly<Record<string, unknown>>): void;
  warn(message: string, more: Readonly<Record<string, unknown>>): void;
}

/**
 * The resource `Custom::Registry`: properties `Digest` (hex SHA-256 of the registrations) and `Force` (`true` or
 * `false`), attributes `Version` and `Outcome`. See `core/endpoints/registry-applier.ts` for what it does.
 */
export const registryResource = (folder: PackedFolder, deps: ApplyDeps, log: DeployLog): CustomResource => ({
  physicalId: "registry",
  failure: "the registry was not changed",
  async carryOut({ RequestType, StackId, RequestId, ResourceProperties = {} }) {
    const { Digest, Force } = ResourceProperties;
    if (typeof Digest !== "string" || !/^[0-9a-f]{64}$/.test(Digest)) return err("Digest is no SHA-256");
    const step = RequestType === "Create" ? "create" : "update";
    const order = {
      step,
      digest: Digest,
      force: Force === "true",
      folder,
      stackId: StackId,
      requestId: RequestId,
    } as const;
    const done = await deployRegistry(order, deps);
    if (!done.ok) {
      const reason = deployReason(done.error);
      log.warn("the registry was not changed", { reason, requestId: RequestId });
      return err(reason);
    }
    const { outcome, version, why } = done.value;
    if (outcome === "left") log.warn("a rollback left the registry as it is", { version, why, requestId: RequestId });
    else log.info("the registry is what the stack asks for", { outcome, version, requestId: RequestId });
    return ok({ Version: String(version), Outcome: outcome });
  },
});
