/** Where a run of the cloud keeps its state, and the ports that keep its issuer the same over restarts. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Folders of a run. */
export interface StateFolder {
  /** Absent when the run keeps its tables and keys in memory. */
  readonly directory?: string;
  /** Folder with one folder a bucket; a temporary one for a run in memory. */
  readonly buckets: string;
  /** A sub-folder, or undefined for a run in memory. */
  at(name: string): string | undefined;
  /** Ports of the last run by name. */
  readonly ports: Readonly<Record<string, number>>;
  keepPorts(ports: Readonly<Record<string, number>>): void;
  /** Removes what was only for this run. */
  close(): void;
}

/**
 * Opens a state folder, readable for its owner only.
 * @param directory absent = memory
 */
export function openState(directory: string | undefined): StateFolder {
  if (directory === undefined) {
    const temporary = mkdtempSync(join(tmpdir(), "embedded-cloud-"));
    return {
      buckets: join(temporary, "buckets"),
      at: () => undefined,
      ports: {},
      keepPorts: () => undefined,
      close: () => rmSync(temporary, { recursive: true, force: true }),
    };
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // A folder that was there before may be open to others: it holds private keys.
  chmodSync(directory, 0o700);
  const portsFile = join(directory, "ports.json");
  const ports = existsSync(portsFile) ? (JSON.parse(readFileSync(portsFile, "utf8")) as Record<string, number>) : {};
  return {
    directory,
    buckets: join(directory, "buckets"),
    at(name) {
      const folder = join(directory, name);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return folder;
    },
    ports,
    keepPorts: (next) => writeFileSync(portsFile, JSON.stringify(next), { mode: 0o600 }),
    close: () => undefined,
  };
}
