/** What the functions never need of the AWS SDK, and esbuild cannot tell by itself. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";

/**
 * Errors of AWS's services that our sources know by their class: a test holds the list against the imports. One that is not
 * here would reach them without its members, as an instance of its client's base error alone; its name it has either way.
 */
export const keptErrors: ReadonlySet<string> = new Set([
  "ConditionalCheckFailedException",
  "ParameterNotFound",
  "TransactionCanceledException",
]);

/** Three files of a client's package, as they are published. */
interface ClientSource {
  /** `schemas/schemas_*.js` */
  readonly schemas: string;
  /** `models/errors.js` */
  readonly errors: string;
  /** `runtimeConfig.shared.js`: which protocol it speaks. */
  readonly config: string;
}

/**
 * A client's schemas, of which the bundler may leave out what no command of the bundle reaches:
 *
 * - keys that name a constant become the constant: to the bundler any other computed key may run code, and with it stays
 *   every shape of a REST client
 * - errors that nobody knows by their class are not registered: the client then throws its base error with their name, message,
 *   status and metadata, as it does for any error that is newer than it is. Those stay that the SDK retries for what they
 *   are rather than for their name, and of clients that speak `awsQuery` those whose name on the wire is another
 */
export function leanSchemas({ schemas: source, errors, config }: ClientSource): string {
  const constants = new Map([...source.matchAll(/^const (_\w+) = ("(?:[^"\\]|\\.)*");$/gm)].map(([, k, v]) => [k, v]));
  const named = source.replace(/\[(_\w+)\]:/g, (whole, name: string) => {
    const text = constants.get(name);
    return text === undefined ? whole : `${text}:`;
  });
  const isQuery = /AwsQueryProtocol|awsQueryCompatible: true/.test(config);
  return named.replace(/^n\d+_registry\.registerError\((\w+\$), (\w+)\);$/gm, (whole, schema: string, name: string) =>
    keptErrors.has(name) || (isQuery && isRenamed(named, schema)) || isRetried(errors, name) ? whole : "",
  );
}

function isRenamed(source: string, schema: string): boolean {
  const begin = source.indexOf(`export var ${schema} = [`);
  return begin < 0 || source.slice(begin, source.indexOf("];", begin)).includes('"awsQueryError"');
}

function isRetried(errors: string, name: string): boolean {
  const begin = errors.indexOf(`export class ${name} `);
  return begin < 0 || errors.slice(begin, errors.indexOf("\n}", begin)).includes("$retryable");
}

/** {@link leanSchemas} for every client, and of its `package.json` the version alone, which it tells in `User-Agent`. */
export const leanClients: Plugin = {
  name: "lean-clients",
  setup(build) {
    const client = String.raw`[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]`;
    build.onLoad(
      { filter: new RegExp(String.raw`${client}dist-es[\\/]schemas[\\/]schemas_\d+\.js$`) },
      async ({ path }) => {
        const beside = (file: string) => readFile(join(dirname(path), "..", file), "utf8");
        const [schemas, errors, config] = await Promise.all([
          readFile(path, "utf8"),
          beside("models/errors.js"),
          beside("runtimeConfig.shared.js"),
        ]);
        return { contents: leanSchemas({ schemas, errors, config }), loader: "js" };
      },
    );
    build.onLoad({ filter: new RegExp(`${client}package\\.json$`) }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, "utf8")) as { version: string };
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
    build.onLoad({ filter: /[\\/]mnemonist[\\/]lru-cache\.js$/ }, () => ({
      contents: leastRecentlyUsed,
      loader: "js",
    }));
    for (const [file, contents] of Object.entries(neverTaken))
      build.onLoad({ filter: new RegExp(String.raw`[\\/]@smithy[\\/]core[\\/].*[\\/]${file}\.js$`) }, () => ({
        contents,
        loader: "js",
      }));
  },
};

/**
 * Ways of the SDK that no function goes: SHA-256 in JavaScript, for where Node has no crypto, and the retries that
 * measure a rate of their own. Whoever asks for these by `AWS_RETRY_MODE` gets the standard ones.
 */
const neverTaken: Readonly<Record<string, string>> = {
  Sha256Js: "export const Sha256Js = undefined;",
  "util-retry[\\\\/]AdaptiveRetryStrategy":
    'export { StandardRetryStrategy as AdaptiveRetryStrategy } from "./StandardRetryStrategy";',
};

/** What the SDK's cache of discovered endpoints asks of `mnemonist`, by a Map, which keeps the order things came in. */
export const leastRecentlyUsed = `
  export default class {
    #kept = new Map();
    constructor(capacity) { this.capacity = capacity; }
    has(key) { return this.#kept.has(key); }
    peek(key) { return this.#kept.get(key); }
    get(key) {
      const value = this.#kept.get(key);
      if (this.#kept.delete(key)) this.#kept.set(key, value);
      return value;
    }
    set(key, value) {
      this.#kept.delete(key);
      this.#kept.set(key, value);
      if (this.#kept.size > this.capacity) this.#kept.delete(this.#kept.keys().next().value);
    }
    clear() { this.#kept.clear(); }
  }`;

/**
 * A function's credentials stand in its environment, put there by Lambda: of the SDK's chain only that link is bundled. A
 * function looks for credentials in no file, at no metadata service and with no other program, and without any it fails.
 */
export const credentialsOfTheEnvironment: Plugin = {
  name: "credentials-of-the-environment",
  setup(build) {
    build.onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ resolveDir }) => ({
      path: "environment",
      namespace: "credentials",
      pluginData: resolveDir,
    }));
    build.onLoad({ filter: /.*/, namespace: "credentials" }, ({ pluginData }) => ({
      resolveDir: pluginData,
      contents: `export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";`,
    }));
  },
};
