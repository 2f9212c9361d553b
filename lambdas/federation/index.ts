import { enableFederation } from "../../core/endpoints/federation.ts";
import { ok } from "../../core/model/result.ts";
import { answerResource, type ResourceEvent } from "../custom-resource.ts";
import { iamCalls } from "./iam-calls.ts";

/** The custom resource that switches the account's outbound identity federation on; its deletion does nothing. */
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
        return ok({ Issuer: await enableFederation(iamCalls(credentials, fetch)) });
      },
    },
    fetch,
  );
