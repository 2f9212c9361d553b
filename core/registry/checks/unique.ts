import { thumbprintInput } from "../../jose/public-jwk.ts";
import { iamCallerKey } from "../../model/approver.ts";
import type { Registration } from "../../model/registry.ts";

/** A value that only one registration may have. */
interface UniqueKey {
  readonly key: string;
  readonly path: string;
  readonly what: string;
}

/** Every value of `row` that no other registration may have. */
export function uniqueKeys(row: Registration): readonly UniqueKey[] {
  const own = { key: `name ${row.kind} ${row.name}`, path: "name", what: `${row.kind} ${row.name} is registered` };
  switch (row.kind) {
    case "agent":
      // if two agents had one client, each could use the persons' tokens meant for the other (threat 2)
      return [
        own,
        ...row.clients.map(({ issuer, clientId }, i) => ({
          key: `client ${JSON.stringify([issuer, clientId])}`,
          path: `clients.${i}`,
          what: `client ${clientId} of ${issuer} is an agent's`,
        })),
        // whoever has the private half could be either agent
        ...(row.keys ?? []).map((key, i) => ({
          key: `key ${thumbprintInput(key)}`,
          path: `keys.${i}`,
          what: `key ${key.kid} is an agent's`,
        })),
        ...(row.aliases ?? []).map(({ issuer, clientId }, i) => ({
          key: `alias ${JSON.stringify([issuer, clientId])}`,
          path: `aliases.${i}`,
          what: `alias ${clientId} at ${issuer} is an agent's`,
        })),
      ];
    case "resource":
      return [
        own,
        // most servers treat an address with and without the last slash as one
        { key: `uri ${row.uri.replace(/\/$/, "")}`, path: "uri", what: `${row.uri} is registered` },
        ...[...new Set(row.scopes)].map((scope) => ({
          key: `scope ${scope}`,
          path: `scopes.${row.scopes.indexOf(scope)}`,
          what: `scope ${scope} belongs to a resource`,
        })),
      ];
    case "receiver":
      // a second receiver with this secret would have it sent to a host of its own (threat 46)
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
      // for every purpose: an account's STS issuer that is also an issuer of persons would mix the two up
      return [
        own,
        { key: `issuer ${row.issuer.replace(/\/$/, "")}`, path: "issuer", what: `${row.issuer} is trusted` },
        ...(row.approvals?.clients ?? []).map((clientId, i) => ({
          key: `client ${JSON.stringify([row.issuer, clientId])}`,
          path: `approvals.clients.${i}`,
          what: `client ${clientId} of ${row.issuer} is for approvals`,
        })),
        // an event or a token that counts for two issuers would end people of whom it was never said (threat 67)
        ...(row.events
          ? [
              {
                key: `transmitter ${(row.events.issuer ?? row.issuer).replace(/\/$/, "")}`,
                path: "events",
                what: `${row.events.issuer ?? row.issuer} tells of an issuer's people`,
              },
            ]
          : []),
        ...(row.scim?.tokenSha256 ?? []).map((hash, i) => ({
          key: `scim ${hash}`,
          path: `scim.tokenSha256.${i}`,
          what: "this token is a SCIM client's",
        })),
      ];
    case "approver":
      // one caller cannot be two people: which of them would have said yes?
      return [
        own,
        {
          key: `caller ${iamCallerKey(row.iam)}`,
          path: "iam",
          what: `${iamCallerKey(row.iam)} is an approver`,
        },
      ];
    default:
      return [own];
  }
}
