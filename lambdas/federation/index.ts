import { ok } from "../../core/model/result.ts";
import { answerResource, type ResourceEvent } from "../custom-resource.ts";
import { enableFederation } from "./switch.ts";

/**
 * The custom resource that switches the account's outbound identity federation on. It decides nothing of ours, so that it
 * has no page among the endpoints: this page and `switch.ts` are all of it. A rollback changes nothing, and
 * deletion never switches off: the switch is the account's, and others may stand on it.
 */
export const handler = (event: ResourceEvent): Promise<void> =>
  answerResource(
    event,
    {
      physicalId: "outbound-identity-federation",
      failure: "outbound identity federation could not be switched on",
      async carryOut() {
        const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
        const credentials = {
          accessKeyId: AWS_ACCESS_KEY_ID ?? "",
          secretAccessKey: AWS_SECRET_ACCESS_KEY ?? "",
          sessionToken: AWS_SESSION_TOKEN ?? "",
        };
        return ok({ Issuer: await enableFederation(credentials, fetch) });
      },
    },
    fetch,
  );
