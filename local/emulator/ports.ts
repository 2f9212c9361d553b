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

/** Which ports a run is to have, and under which names. */
interface Wanted {
  /** First of a row of ports, which then must be free; absent = remembered or free ones. */
  readonly base: number | undefined;
  /** Other names a port's server goes by. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** Ports that something outside of this run has named. */
  readonly fixed?: Readonly<Record<string, number>>;
}

/**
 * Listens on one port a name. A run that continues another one takes that one's ports again where they are free, so that
 * the issuer, which is a URL, stays the same.
 * @param state remembers the ports for the next run
 */
export async function openPorts(
  names: readonly string[],
  state: StateFolder,
  { base, hosts = {}, fixed = {} }: Wanted,
): Promise<Ports> {
  const handles = new Map<string, Handle>();
  const servers = new Map<string, Loopback>();
  const close = async () => void (await Promise.all([...servers.values()].map((server) => server.close())));
  const notYet = (_request: IncomingMessage, response: ServerResponse) => void response.writeHead(503).end();
  try {
    for (const [index, name] of names.entries()) {
      const handle: Handle = (request, response) => (handles.get(name) ?? notYet)(request, response);
      const given = fixed[name];
      const wanted = given ?? (base === undefined ? (state.ports[name] ?? 0) : base + index);
      const isStrict = given !== undefined || base !== undefined;
      servers.set(name, await listen(handle, { wanted, strict: isStrict, names: hosts[name] }));
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
