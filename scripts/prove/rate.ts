import { GetWebIdentityTokenCommand } from "@aws-sdk/client-sts";
import { differs, ok, type Probe, untried } from "./ground.ts";

/** As many agents as might start at once after a deployment of theirs. */
const burst = 50;

export const webIdentityRate: Probe = {
  name: "web-identity-rate",
  asks: `${burst} GetWebIdentityToken at once are granted`,
  async run({ clients: { sts }, nowMillis }) {
    const ask = () =>
      sts.send(
        new GetWebIdentityTokenCommand({
          Audience: ["https://lanyard-prove.invalid"],
          SigningAlgorithm: "ES384",
          DurationSeconds: 60,
        }),
      );
    const first = await ask().then(
      () => undefined,
      (failure: Error) => failure,
    );
    if (first) return untried(`the first one failed with ${first.name}: ${first.message}`);
    const from = nowMillis();
    const all = await Promise.allSettled(Array.from({ length: burst }, ask));
    const took = nowMillis() - from;
    const failed = all.flatMap((one) => (one.status === "rejected" ? [String((one.reason as Error).name)] : []));
    const granted = `${burst - failed.length} of ${burst} in ${took} ms`;
    if (failed.length === 0) return ok(granted);
    return differs(
      `${granted}, the others ${[...new Set(failed)].join(", ")}: so many agents cannot attest at once; let them start apart, and keep their documents for as long as they live`,
    );
  },
};
