import { relative } from "node:path";
import type { World } from "../story/world.ts";

/** Lines that tell a person what the running cloud can be asked next. */
export function tryNext({ endpoints, file }: World): readonly string[] {
  const { discovery, signIn, introspect, auditFolder } = endpoints;
  return [
    "  It stays up. In another terminal:",
    "",
    `    curl ${discovery}/.well-known/oauth-authorization-server    what the issuer says of itself`,
    `    curl ${discovery}/.well-known/jwks.json                     the keys that verifiers use`,
    `    curl '${signIn}?agent=planner'                             Ada's tokens, for the planner's application`,
    `    curl -i -d token=x ${introspect}                           a refusal: nobody asks without proof`,
    `    gunzip -c $(find ${shown(auditFolder)} -name '*.gz') | tail -1          the last audit record`,
    "",
    ...(file === undefined ? [] : [`  Every address and credential of this run: ${shown(file)}`]),
    "  Ctrl-C stops it.",
    "",
  ];
}

const shown = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
};
