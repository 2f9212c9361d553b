import { answerResource, type ResourceEvent } from "./resource.ts";
import { enableFederation } from "./switch.ts";

/** The custom resource that switches the account's outbound identity federation on. */
export const handler = (event: ResourceEvent): Promise<void> =>
  answerResource(
    event,
    () =>
      enableFederation(
        {
          accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? "",
          secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? "",
          sessionToken: process.env.AWS_SESSION_TOKEN ?? "",
        },
        fetch,
      ),
    fetch,
  );
