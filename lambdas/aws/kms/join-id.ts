import type { SignCommand } from "@aws-sdk/client-kms";

/**
 * CloudTrail keeps of a Sign call neither message nor signature, but its user agent: the session's id in it joins the
 * call with our record, and a Sign that names none is not ours (threat 11).
 */
export function nameInUserAgent(command: SignCommand, joinId: string): void {
  // ids are ours, but this is a header: nothing that could end it may get in
  if (!/^[A-Za-z0-9_#-]{1,64}$/.test(joinId)) throw new Error("a join id is letters, digits, _, - and #");
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> };
      request.headers["user-agent"] = `${request.headers["user-agent"] ?? ""} lanyard/${joinId}`.trim();
      return next(args);
    },
    { step: "build", priority: "low", name: "lanyardJoinId" },
  );
}
