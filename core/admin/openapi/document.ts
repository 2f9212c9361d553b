import { readPaths } from "./read.ts";
import { schemas } from "./schemas.ts";
import { writeOperations } from "./write.ts";

/** Reading and writing one path are two functions, so an operation names its server where that is not admin-read. */
function paths(): Readonly<Record<string, Readonly<Record<string, object>>>> {
  const all: Record<string, Record<string, object>> = {};
  for (const [path, operations] of Object.entries(readPaths)) all[path] = { ...operations };
  for (const [path, { method, ...operation }] of Object.entries(writeOperations)) {
    const get = readPaths[path as keyof typeof readPaths]?.get;
    const named = get?.parameters.filter((parameter) => "in" in parameter && parameter.in === "path") ?? [];
    all[path] = { ...all[path], [method]: { ...operation, parameters: named } };
  }
  return all;
}

/**
 * The OpenAPI 3.1 document of the admin functions. IAM cannot grant a single path of a function URL, so each permission
 * needs a function with a URL of its own. Every path therefore names its server.
 */
export const openApi = {
  openapi: "3.1.1",
  info: {
    title: "Lanyard administration",
    version: "1",
    description:
      "What operators read and change. Every call is signed with AWS Signature Version 4 for service `lambda`; IAM decides who may call which function, and the audit records the caller's unique id and ARN.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  servers: [{ url: "{adminRead}", variables: { adminRead: { default: "https://admin-read.example" } } }],
  security: [{ sigv4: [] }],
  paths: paths(),
  components: {
    securitySchemes: {
      sigv4: {
        type: "apiKey",
        in: "header",
        name: "Authorization",
        description: "AWS Signature Version 4, service `lambda`, by a caller that may lambda:InvokeFunctionUrl",
      },
    },
    responses: {
      Refused: {
        description: "Refused: `error` is the reason's code, `error_description` what to do",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Refusal" } } },
      },
    },
    schemas,
  },
} as const;
