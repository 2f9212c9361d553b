import { relative } from "node:path";
import type { tellStory } from "../story/story.ts";
import type { World } from "../story/world.ts";

/** What the story left behind, as far as a line here asks for it. */
type LeftBehind = Pick<Awaited<ReturnType<typeof tellStory>>, "traced" | "revocation">;

/** Lines that tell a person what the running cloud can be asked next. */
export function tryNext({ endpoints, file }: World, { traced, revocation }: LeftBehind): readonly string[] {
  const { discovery, signIn, introspect, auditFolder } = endpoints;
  const ideas = [
    ["what the issuer says of itself", `curl ${discovery}/.well-known/oauth-authorization-server`],
    ["the keys that verifiers use", `curl ${discovery}/.well-known/jwks.json`],
    ["Ada's tokens, for the planner's application", `curl '${signIn}?agent=planner'`],
    ["a refusal: nobody introspects without proof of who asks", `curl -i -d token=x ${introspect}`],
    ["what lives, as an operator sees it", "npx @lanyard-iam/cli sessions --tree"],
    ...(traced === undefined
      ? []
      : ([
          ["who did what in Ada's name, down to each call at AWS", `npx @lanyard-iam/cli trace session ${traced.sid}`],
          ["from one line of CloudTrail back to her", `npx @lanyard-iam/cli trace event ${traced.eventId}`],
          ["all of that tree in one file, each record proven", `npx @lanyard-iam/cli evidence ${traced.sid}`],
        ] as const)),
    ["what was refused, and why", "npx @lanyard-iam/cli audit query refusals"],
    ["whether a record is missing, changed or added", "npx @lanyard-iam/cli audit verify"],
    ...(revocation === undefined
      ? []
      : ([
          ["a proof for others: Ada's session was revoked", `npx @lanyard-iam/cli audit prove ${revocation}`],
        ] as const)),
    ["the last audit record", `find ${shown(auditFolder)} -name '*.gz' | sort | tail -1 | xargs gunzip -c | tail -1`],
  ] as const;
  return [
    "  It stays up; Ctrl-C stops it. In another terminal, try:",
    ...ideas.flatMap(([what, command]) => ["", `    # ${what}`, `    ${command}`]),
    "",
    ...(file === undefined ? [] : [`  Every address and credential of this run stands in ${shown(file)}`, ""]),
  ];
}

const shown = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
};
