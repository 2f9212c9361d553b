const user = "urn:ietf:params:scim:schemas:core:2.0:User";

/** RFC 7643 5: what of SCIM there is here. */
const serviceProviderConfig = (base: string) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: 1 },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    {
      type: "oauthbearertoken",
      name: "Bearer token",
      description: "A random token, of which the registry has the hash",
      primary: true,
    },
  ],
  meta: { resourceType: "ServiceProviderConfig", location: `${base}ServiceProviderConfig` },
});

/** RFC 7643 6. */
const userType = (base: string) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
  id: "User",
  name: "User",
  endpoint: "/Users",
  description: "A person, of whom nothing but the name and whether it is active is read",
  schema: user,
  meta: { resourceType: "ResourceType", location: `${base}ResourceTypes/User` },
});

const text = (name: string, more: object = {}) => ({
  ...{ name, type: "string", multiValued: false, required: false, caseExact: true },
  ...{ mutability: "immutable", returned: "default", uniqueness: "none" },
  ...more,
});

/** RFC 7643 7: the attributes that are read; others are taken and not kept. */
const userSchema = (base: string) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
  id: user,
  name: "User",
  attributes: [
    text("userName", { required: true, uniqueness: "server" }),
    text("externalId"),
    {
      ...{ name: "active", type: "boolean", multiValued: false, required: false },
      ...{ mutability: "readWrite", returned: "default" },
    },
  ],
  meta: { resourceType: "Schema", location: `${base}Schemas/${user}` },
});

/** A list of resources (RFC 7644 3.4.2). */
export const listOf = (resources: readonly object[]) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
  totalResults: resources.length,
  startIndex: 1,
  itemsPerPage: resources.length,
  Resources: resources,
});

/**
 * One of the documents by which clients learn what there is (RFC 7644 4).
 * @param base address that SCIM begins at, with its slash
 * @returns undefined where there is none of this name
 */
export function scimDocument(name: string, id: string | undefined, base: string): object | undefined {
  if (name === "ServiceProviderConfig") return id === undefined ? serviceProviderConfig(base) : undefined;
  const one = name === "Schemas" ? userSchema(base) : userType(base);
  if (id === undefined) return listOf([one]);
  return id === one.id ? one : undefined;
}
