import type { Registration } from "../model/registry.ts";

/** Something only one registration may claim. */
interface UniqueKey {
  readonly key: string;
  readonly path: string;
  readonly what: string;
}

/** Everything `row` claims for itself alone. */
export function uniqueKeys(row: Registration): readonly UniqueKey[] {
  const own = { key: `name ${row.kind} ${row.name}`, path: "name", what: `${row.kind} ${row.name} is registered` };
  switch (row.kind) {
    case "agent":
      // a client of two agents would let either use the persons' tokens meant for the other (threat 2)
      return [
        own,
        ...row.clients.map(({ issuer, clientId }, i) => ({
          key: `client ${JSON.stringify([issuer, clientId])}`,
          path: `clients.${i}`,
          what: `client ${clientId} of ${issuer} is an agent's`,
        })),
      ];
    case "resource":
      return [
        own,
        // with and without the last slash is one place to most servers
        { key: `uri ${row.uri.replace(/\/$/, "")}`, path: "uri", what: `${row.uri} is registered` },
        ...[...new Set(row.scopes)].map((scope) => ({
          key: `scope ${scope}`,
          path: `scopes.${row.scopes.indexOf(scope)}`,
          what: `scope ${scope} belongs to a resource`,
        })),
      ];
    case "receiver":
      // a second receiver that borrows it would have it sent to a host of its own (threat 46)
      return row.authorizationSecret === undefined
        ? [own]
        : [
            own,
            {
              key: `secret ${row.authorizationSecret}`,
              path: "authorizationSecret",
              what: `secret ${row.authorizationSecret} is a receiver's`,
            },
          ];
    case "trusted-issuer":
      // whatever its purpose: an account's STS issuer that also counted as a source of persons would mix the two up
      return [
        own,
        { key: `issuer ${row.issuer.replace(/\/$/, "")}`, path: "issuer", what: `${row.issuer} is trusted` },
      ];
    default:
      return [own];
  }
}
