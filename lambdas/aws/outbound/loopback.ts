/** Whether a URL is on this machine. Only the embedded cloud may use one; see `core/keys/issuer-url.ts`. */
export const isLoopback = (url: URL): boolean => url.protocol === "http:" && url.hostname === "127.0.0.1";
