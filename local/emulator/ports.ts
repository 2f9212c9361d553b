/** Every port of a run: the AWS endpoint, the issuer of workload documents and one a function URL. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Handle, type Loopback, listen } from "./loopback.ts";
import type { StateFolder } from "./state.ts";

/** Listening ports whose handlers are set later, since URLs must be known before anything can be resolved. */
export interface Ports {
  /** `127.0.0.1:PORT` */
  host(name: string): string;
  serve(name: string, handle: Handle): void;
  close(): Promise<void>;
}

/**
 * Listens on one port a name. A run that continues another one takes that one's ports again where they are free, so that
 * the issuer, which is a URL, stays the same.
 * @param base first of a row of ports, which then must be free; absent = remembered or free ones
 * @param special other names a port's server goes by, and ports that something outside of this run has named
 */
export async function openPorts(
  names: readonly string[],
  state: StateFolder,
  base: number | undefined,
  special: {
    readonly hosts?: Readonly<Record<string, readonly string[]>>;
    readonly fixed?: Readonly<Record<string, number>>;
  } = {},
): Promise<Ports> {
  const handles = new Map<string, Handle>();
  const servers = new Map<string, Loopback>();
  const close = async () => void (await Promise.all([...servers.values()].map((server) => server.close())));
  const notYet = (_request: IncomingMessage, response: ServerResponse) => void response.writeHead(503).end();
  try {
    for (const [index, name] of names.entries()) {
      const handle: Handle = (request, response) => (handles.get(name) ?? notYet)(request, response);
      const fixed = special.fixed?.[name];
      const wanted = fixed ?? (base === undefined ? (state.ports[name] ?? 0) : base + index);
      const isStrict = fixed !== undefined || base !== undefined;
      servers.set(name, await listen(handle, wanted, isStrict, special.hosts?.[name]));
    }
  } catch (thrown) {
    await close();
    const { code, port } = thrown as { code?: string; port?: number };
    if (code !== "EADDRINUSE") throw thrown;
    throw new Error(`port ${port} is taken: choose another base or leave it out`);
  }
  state.keepPorts({ ...state.ports, ...Object.fromEntries([...servers].map(([name, { port }]) => [name, port])) });
  return {
    host(name) {
      const server = servers.get(name);
      if (server === undefined) throw new Error(`no port was opened for ${name}`);
      return server.host;
    },
    serve: (name, handle) => void handles.set(name, handle),
    close,
  };
}
