/** On this machine, which only the embedded cloud can name: the rule stands in `core/keys/issuer-url.ts`. */
export const isLoopback = (url: URL): boolean => url.protocol === "http:" && url.hostname === "127.0.0.1";
