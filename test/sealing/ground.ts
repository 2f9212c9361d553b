import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { expect } from "vitest";
import { createSealer, type SealerDeps } from "../../core/endpoints/sealer.ts";
import type { Finding } from "../../core/sealing/findings.ts";
import type { Head } from "../../core/sealing/head.ts";
import { openCheckpoint } from "../../core/tlog/checkpoint.ts";
import { type LogEntry, readEntry } from "../../core/tlog/entry.ts";
import { emptyRoot, leafHash, rootOf } from "../../core/tlog/hash.ts";
import type { NoteSigner } from "../../core/tlog/note.ts";
import { tilePath } from "../../core/tlog/tile.ts";
import { hashesAt, readEntries } from "../../core/tlog/tree.ts";

export const origin = "agents.example.com/lanyard/test/eu-west-1";
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
/** The log's key; counts what it signs. */
const signerOf = (signed: string[]): NoteSigner => ({
  name: origin,
  type: "ed25519",
  publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url"),
  sign: async (text) => {
    signed.push(text.toString());
    return sign(null, text, privateKey);
  },
});

export const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64url");

/** Told of each call of a port, before and after it had its effect; may wait, and may throw. */
export type Gate = (call: string) => Promise<{ readonly after?: () => Promise<void> } | undefined>;
const open: Gate = async () => undefined;

/** A leaf as the table has it. */
interface LeafRow {
  index?: number;
  waits: boolean;
  isRedriven?: boolean;
}

/** Everything that outlives a writer, in memory, with the conditions that the real stores keep. */
export function createLog(nowMillis = Date.parse("2026-11-30T18:20:00Z")) {
  let headRow: Head | undefined;
  const outbox = new Map<string, string>();
  const leaves = new Map<string, LeafRow>();
  /** What the index shows besides, since it lags. */
  const ghosts = new Set<string>();
  const objects = new Map<string, { bytes: Buffer; tag: string }>();
  const signed: string[] = [];
  const announced: string[] = [];
  const told: Finding[] = [];
  const signer = signerOf(signed);
  const time = { nowMillis, reconciledAtMillis: nowMillis };
  let tags = 0;
  let added = 0;

  /** Ports of one writer. */
  const portsBehind = (gate: Gate): SealerDeps => {
    const through = async <T>(call: string, effect: () => T): Promise<T> => {
      const held = await gate(call);
      const value = effect();
      await held?.after?.();
      return value;
    };
    return {
      clock: { nowMillis: () => time.nowMillis },
      head: {
        read: () => through("head.read", () => headRow),
        write: (head) =>
          through("head.write", () => {
            if ((headRow?.revision ?? 0) !== head.revision - 1) return false;
            headRow = head;
            return true;
          }),
      },
      worklist: {
        waiting: (most) =>
          through("waiting", () =>
            [...new Set([...ghosts, ...[...leaves].filter(([, { waits }]) => waits).map(([id]) => id)])].slice(0, most),
          ),
        unplaced: (ids) =>
          through("unplaced", () =>
            ids.flatMap((eventId) => {
              const hash = outbox.get(eventId);
              const { index, isRedriven = false } = leaves.get(eventId) ?? {};
              return hash === undefined || index !== undefined ? [] : [{ eventId, hash, isRedriven }];
            }),
          ),
        place: (eventId, index) =>
          through("place", () => {
            const leaf = leaves.get(eventId);
            if (leaf === undefined) return;
            if (leaf.index !== undefined && leaf.index !== index) throw new Error(`${eventId} has another place`);
            leaf.index = index;
            leaf.waits = false;
          }),
      },
      objects: {
        read: (path) => through(`read ${path}`, () => objects.get(path)),
        create: (path, bytes) =>
          through(`create ${path}`, () => {
            if (objects.has(path)) return false;
            objects.set(path, { bytes, tag: String(tags++) });
            return true;
          }),
        replace: (path, bytes, tag) =>
          through(`replace ${path}`, () => {
            if (objects.get(path)?.tag !== tag) return false;
            objects.set(path, { bytes, tag: String(tags++) });
            return true;
          }),
      },
      origin,
      signers: async () => [
        { ...signer, sign: (text) => through("sign", () => undefined).then(() => signer.sign(text)) },
      ],
      announce: (note) => through("announce", () => void announced.push(note)),
      findings: { tell: (finding) => through("tell", () => void told.push(finding)) },
      reconciledAtMillis: () => through("reconciled", () => time.reconciledAtMillis),
    };
  };

  return {
    time,
    outbox,
    leaves,
    ghosts,
    objects,
    signed,
    announced,
    told,
    head: () => headRow,
    setHead: (head: Head | undefined) => {
      headRow = head;
    },
    /** Ports of one writer; `gate` is asked before each call. */
    ports: (gate: Gate = open): SealerDeps => portsBehind(gate),
    /** One run of one writer. */
    run: (gate: Gate = open): Promise<number> => createSealer(portsBehind(gate))(),
    /** Records as the relay leaves them. */
    add(count: number): readonly string[] {
      return Array.from({ length: count }, () => {
        const eventId = `event${String(added++).padStart(6, "0")}`;
        outbox.set(eventId, hashOf(eventId));
        leaves.set(eventId, { waits: true });
        return eventId;
      });
    },
    async entries(): Promise<readonly LogEntry[]> {
      const { size = 0 } = headRow ?? {};
      const tree = { size, read: async (name: Parameters<typeof tilePath>[0]) => objects.get(tilePath(name))?.bytes };
      const bundles = Array.from({ length: Math.ceil(size / 256) }, (_, n) => readEntries(tree, n));
      return (await Promise.all(bundles)).flat().map((bytes) => {
        const read = readEntry(bytes);
        if (!read.ok) throw new Error(read.error);
        return read.value;
      });
    },
    /**
     * Checks what must be so whenever nobody is writing: every checkpoint is of the entries that the log has now, no
     * record is in it twice, and each has the place that its leaf says.
     */
    async mustBeSound(): Promise<void> {
      const entries = await this.entries();
      const hashes = entries.map(({ eventId, hash }) => leafHash(Buffer.from(`${eventId}\n${hash}`)));
      const rootAt = (size: number) => (size === 0 ? emptyRoot : rootOf(hashes.slice(0, size)));
      if (headRow) expect(headRow.root.equals(rootAt(headRow.size))).toBe(true);
      expect(hashesAt(entries.length, 0)).toBe(headRow?.size ?? 0);
      const ids = entries.map(({ eventId }) => eventId);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { eventId, hash } of entries)
        if (!eventId.startsWith("heartbeat#")) expect(hash).toBe(outbox.get(eventId.replace(/^redriven#/, "")));
      for (const [id, { index }] of leaves)
        if (index !== undefined) expect(ids[index] ?? "in a batch").toBe(index < ids.length ? id : "in a batch");
      let newest = 0;
      for (const [path, { bytes }] of objects) {
        if (!path.startsWith("checkpoint")) continue;
        const read = openCheckpoint(bytes.toString(), { origin, keys: [signer] });
        if (!read.ok) throw new Error(read.error);
        expect(read.value.root.equals(rootAt(read.value.size))).toBe(true);
        newest = Math.max(newest, read.value.size);
        if (path !== "checkpoint") expect(path).toBe(`checkpoints/${read.value.size}`);
      }
      // of one size there is one text that was ever signed
      const bySize = new Map(signed.map((text) => [text.split("\n")[1], text]));
      for (const text of signed) expect(bySize.get(text.split("\n")[1])).toBe(text);
      expect(newest).toBeLessThanOrEqual(entries.length);
    },
    /** What must be so once a run has come to its end: nothing waits, and the newest checkpoint covers all. */
    async mustBeComplete(): Promise<void> {
      await this.mustBeSound();
      const entries = await this.entries();
      const ids = new Set(entries.map(({ eventId }) => eventId));
      for (const id of outbox.keys()) expect(ids.has(id)).toBe(true);
      expect(headRow?.batch).toBeUndefined();
      const newest = openCheckpoint(objects.get("checkpoint")?.bytes.toString() ?? "", { origin, keys: [signer] });
      expect(newest.ok && newest.value.size).toBe(entries.length);
    },
  };
}

/** A log in memory. */
export type Log = ReturnType<typeof createLog>;

/** A writer that dies. */
export class Died extends Error {}
