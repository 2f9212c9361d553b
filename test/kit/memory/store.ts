import { type AuditRecord, alonePrefixes, type Outbox } from "../../../core/audit/record.ts";
import { limits } from "../../../core/model/limits.ts";
import { denylistRows, type Login, type LoginKeys } from "../../../core/model/login.ts";
import type { PersonKey, PersonKeyMaker } from "../../../core/model/person-key.ts";
import type { ReplayEntry } from "../../../core/model/replay/entry.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";
import type { AccessHandle, Offer, Session, Vend } from "../../../core/model/session.ts";
import type {
  Commit,
  CommitConflict,
  Confirmation,
  LivenessQuery,
  LivenessRows,
  RevocationEpoch,
  RevocationStore,
  RevocationWrite,
  SessionStore,
  TreeGrowth,
  Use,
} from "../../../core/session/store.ts";
import { randomIds } from "../keys.ts";
import { MemoryApprovals } from "./approvals.ts";
import { MemoryBudgets } from "./budgets.ts";
import { conflictOf } from "./conflicts.ts";
import { raisedBy, releasedFrom } from "./epochs.ts";
import { rowsFor } from "./liveness.ts";
import { consume, replayConflict } from "./replay.ts";
import { asRenewed, rowKey } from "./rows.ts";
import { takenOver } from "./take-over.ts";
import { MemoryToolChanges } from "./tool-changes.ts";
import { isWritten } from "./written.ts";

type Deployment = RevocationEpoch & { readonly registryVersion: number };

/**
 * All tables in memory, as strict as the real ones: writes are conditional, a transaction is all or nothing, every
 * call yields once so that races can happen, rows go in and out as copies.
 */
export class MemoryStore implements SessionStore, Outbox, RevocationStore, PersonKeyMaker {
  readonly sessions = new Map<string, Session>();
  readonly offers = new Map<string, Offer>();
  readonly handles = new Map<string, AccessHandle>();
  /** By session and role. */
  readonly vends = new Map<string, Vend>();
  /** Uses left, by the counter's name. */
  readonly counters = new Map<string, number>();
  readonly replayEntries = new Map<string, ReplayEntry>();
  /** Secrets of days. */
  readonly locatorSecrets = new Map<number, string>();
  /** What trees grew by, by root and quarter of an hour. */
  readonly trees = new Map<string, TreeGrowth>();
  /** By subject of a login: names that are denylisted there, and when. */
  readonly denylisted = new Map<string, Map<string, number>>();
  /** The login denylisted with a session. */
  readonly denylistedWith = new Map<string, LoginKeys>();
  readonly tombstones = new Map<string, { root: string; expiresAtSeconds: number }>();
  readonly epochs = new Map<string, RevocationEpoch>();
  /** Keys under which the audit encrypts, by person. */
  readonly people = new Map<string, PersonKey>();
  /** When owners were confirmed last, by principal id. */
  readonly confirmations = new Map<string, number>();
  readonly budgets = new MemoryBudgets();
  /** What waits for people, with what they said: requests of agents, and served tools. */
  readonly approvals: MemoryApprovals;
  readonly changes: MemoryToolChanges;
  deployment: Deployment | undefined;
  /** Records of transactions and of `put`, in order of writing. */
  readonly records: AuditRecord[] = [];
  /** Names of the calls that came, in order. */
  readonly calls: string[] = [];
  /** Set to make liveness reads come back incomplete. */
  unreadable = false;
  /** Set to make every write throw, as broken infrastructure would. */
  broken = false;
  /** Runs before each liveness read, with its number from 1: the place for races. */
  beforeLiveness: ((nth: number) => void | Promise<void>) | undefined;
  private livenessReads = 0;
  private leased = 0;
  private readonly nowSeconds: () => number;

  /** @param options registry version the deployment's row tells (undefined: never applied), and the time offers are evaluated by */
  constructor({ registryVersion, nowSeconds = () => 0 }: { registryVersion?: number; nowSeconds?: () => number } = {}) {
    this.nowSeconds = nowSeconds;
    this.approvals = new MemoryApprovals(this, this.nowSeconds);
    this.changes = new MemoryToolChanges(this, this.nowSeconds);
    if (registryVersion !== undefined) this.deployment = { epoch: 0, blocked: false, registryVersion };
  }

  async readLiveness(query: LivenessQuery): Promise<LivenessRows> {
    await this.enter("readLiveness", false);
    await this.beforeLiveness?.(++this.livenessReads);
    const none = { tombstones: new Set<string>(), epochs: new Map<string, RevocationEpoch>() };
    if (this.unreadable) return { complete: false, ...none };
    return rowsFor(query, this, (subject) => ({ ...this.epochOf(subject), ...this.denylistedAt(subject) }));
  }

  async readOffer(root: string, handleHash: string): Promise<Offer | undefined> {
    await this.enter("readOffer", false);
    const offer = this.offers.get(rowKey(root, handleHash));
    return offer && structuredClone(offer);
  }

  async readHandle(root: string, handleHash: string): Promise<AccessHandle | undefined> {
    await this.enter("readHandle", false);
    const handle = this.handles.get(rowKey(root, handleHash));
    return handle && structuredClone(handle);
  }

  async readSession(root: string, sid: string): Promise<Session | undefined> {
    await this.enter("readSession", false);
    const session = this.sessions.get(rowKey(root, sid));
    return session && structuredClone(session);
  }

  async findSession(sid: string): Promise<Session | undefined> {
    await this.enter("findSession", false);
    const session = [...this.sessions.values()].find((s) => s.sid === sid);
    return session && structuredClone(session);
  }

  async commit(write: Commit): Promise<Result<void, CommitConflict>> {
    await this.enter("commit", true);
    const conflict = conflictOf(write, this, this.nowSeconds());
    if (conflict) return err(conflict);
    const unused = write.approval && this.approvals.use(write.approval);
    if (unused) return err(unused);
    const { session, offer, redeem, handle, renew, vend } = write;
    if (vend) this.vend(vend);
    if (write.personKey) this.people.set(write.personKey.person, structuredClone(write.personKey));
    if (handle) this.handles.set(rowKey(handle.root, handle.handleHash), structuredClone(handle));
    for (const { name, left } of write.counters ?? []) this.counters.set(name, left);
    const old = renew && this.sessions.get(rowKey(renew.root, renew.sid));
    if (renew && old) this.sessions.set(rowKey(renew.root, renew.sid), asRenewed(old, renew));
    if (session) this.sessions.set(rowKey(session.root, session.sid), structuredClone(session));
    if (offer) this.offers.set(rowKey(offer.root, offer.handleHash), structuredClone(offer));
    if (write.takeOver) takenOver(write.takeOver, this);
    const redeemed = redeem && this.offers.get(rowKey(redeem.root, redeem.handleHash));
    if (redeem && redeemed)
      this.offers.set(rowKey(redeem.root, redeem.handleHash), {
        ...redeemed,
        redeemed: { sid: redeem.sid, jkt: redeem.jkt },
      });
    consume(this.replayEntries, write.replayEntries);
    this.records.push(write.record);
    return ok(undefined);
  }

  async confirm({ principal, atSeconds }: Confirmation, record: AuditRecord): Promise<void> {
    await this.enter("confirm", true);
    this.confirmations.set(principal, atSeconds);
    this.records.push(record);
  }

  async use({ counters, replayEntries, report, record }: Use): Promise<Result<void, CommitConflict>> {
    await this.enter("use", true);
    const used = replayConflict(this.replayEntries, replayEntries);
    if (used) return err(used);
    if (counters.some((name) => (this.counters.get(name) ?? 0) < 1)) return err({ kind: "uses_spent" });
    for (const name of counters) this.counters.set(name, (this.counters.get(name) ?? 0) - 1);
    if (report) this.budgets.reports.set(report.id, structuredClone(report));
    consume(this.replayEntries, replayEntries);
    this.records.push(record);
    return ok(undefined);
  }

  async end(root: string, sid: string): Promise<void> {
    await this.enter("end", true);
    const session = this.sessions.get(rowKey(root, sid));
    if (session) this.sessions.set(rowKey(root, sid), { ...session, ended: true });
  }

  async growTree(root: string, by: TreeGrowth, most: TreeGrowth): Promise<boolean> {
    await this.enter("growTree", true);
    const key = `${root} ${Math.floor(this.nowSeconds() / limits.treeQuarterSeconds)}`;
    const held = this.trees.get(key) ?? { children: 0, bytes: 0 };
    const grown = { children: held.children + by.children, bytes: held.bytes + by.bytes };
    const full = (["children", "bytes"] as const).some((what) => by[what] > 0 && grown[what] > most[what]);
    if (!full) this.trees.set(key, grown);
    return !full;
  }

  async locatorSecret(day: number): Promise<string> {
    await this.enter("locatorSecret", true);
    const secret = this.locatorSecrets.get(day) ?? randomIds.secret();
    this.locatorSecrets.set(day, secret);
    return secret;
  }

  /** Ends whose status list the publisher has not signed. */
  unsigned: (expiresAtSeconds: number) => boolean = () => false;

  async leaseStatus(expiresAtSeconds: number, deploymentEpoch: number): Promise<Session["status"] | undefined> {
    await this.enter("leaseStatus", true);
    if (this.unsigned(expiresAtSeconds)) return undefined;
    return { list: `${Math.ceil(expiresAtSeconds / 3600)}-${deploymentEpoch}`, idx: this.leased++ };
  }

  async put(record: AuditRecord): Promise<void> {
    await this.enter("put", true);
    if (!Object.values(alonePrefixes).some((prefix) => record.eventId.startsWith(prefix)))
      throw new Error("a record written alone has an id that says so");
    if (isWritten(record, this.records)) throw new Error("a record of this id exists");
    this.records.push(record);
  }

  async revoke(write: RevocationWrite): Promise<Result<void, CommitConflict>> {
    await this.enter("revoke", true);
    const used = replayConflict(this.replayEntries, write.replayEntries);
    if (used) return err(used);
    const { tombstone, withdraw, denylist, clear, raise, lift, release, erase, confirm } = write;
    this.people.delete(erase?.person ?? "");
    if (confirm) this.confirmations.set(confirm.principal, confirm.atSeconds);
    if (tombstone) this.tombstones.set(tombstone.sid, { ...tombstone });
    const offer = withdraw && this.offers.get(rowKey(withdraw.root, withdraw.handleHash));
    if (withdraw && offer) this.offers.set(rowKey(withdraw.root, withdraw.handleHash), { ...offer, withdrawn: true });
    if (denylist) this.denylist(denylist);
    for (const { subject, names } of denylistRows(clear ? [clear] : []))
      for (const name of names) this.denylisted.get(subject)?.delete(name);
    if (raise) this.setEpoch(raise.subject, raisedBy(this.epochOf(raise.subject), raise));
    if (lift) this.setEpoch(lift.subject, { ...this.epochOf(lift.subject), blocked: false, lifted: true });
    if (release) this.setEpoch(release.subject, releasedFrom(this.epochOf(release.subject), release.automatic));
    consume(this.replayEntries, write.replayEntries);
    this.records.push(write.record);
    return ok(undefined);
  }

  private vend(vend: Vend): void {
    const key = rowKey(vend.sid, vend.role);
    const endsAtSeconds = Math.max(vend.endsAtSeconds, this.vends.get(key)?.endsAtSeconds ?? 0);
    this.vends.set(key, { ...vend, endsAtSeconds });
  }

  private denylist({ logins, session, atSeconds }: NonNullable<RevocationWrite["denylist"]>): void {
    for (const { subject, raise, names } of denylistRows(logins)) {
      const there = this.denylisted.get(subject) ?? new Map<string, number>();
      for (const name of names) there.set(name, atSeconds);
      this.denylisted.set(subject, there);
      const { epoch, blocked } = this.epochOf(subject);
      if (raise) this.setEpoch(subject, { epoch: epoch + 1, blocked });
    }
    for (const login of logins) if (session !== undefined) this.denylistedWith.set(session, structuredClone(login));
  }

  private denylistedAt(subject: string): Pick<RevocationEpoch, "denylistedAtSeconds"> {
    const times = [...(this.denylisted.get(subject)?.values() ?? [])];
    return times.length > 0 ? { denylistedAtSeconds: Math.max(...times) } : {};
  }

  async keyOf(person: string): Promise<PersonKey | undefined> {
    await this.enter("keyOf", false);
    return structuredClone(this.people.get(person));
  }

  async keep(made: PersonKey): Promise<PersonKey> {
    await this.enter("keep", true);
    if (!this.people.has(made.person)) this.people.set(made.person, structuredClone(made));
    return this.people.get(made.person) ?? made;
  }

  async readDenylisted(sid: string): Promise<LoginKeys | undefined> {
    await this.enter("readDenylisted", false);
    return this.denylistedWith.get(sid);
  }

  async loginsOf(principal: string): Promise<readonly Login[]> {
    await this.enter("loginsOf", false);
    return [...this.sessions.values()].flatMap(({ principal: { id }, login }) =>
      login !== undefined && id === principal ? [structuredClone(login)] : [],
    );
  }

  /** Whether a session stands under an agent, a principal or a build. */
  hasSessions(subject: string): boolean {
    return [...this.sessions.values()].some(({ actors, principal, build }) =>
      [`agent:${actors.at(-1)}`, `principal:${principal.id}`, `build:${build}`].includes(subject),
    );
  }

  /** Raises a counter as an operator would, without a record. */
  raise(subject: string, block: boolean, atSeconds: number): void {
    this.setEpoch(subject, raisedBy(this.epochOf(subject), { block, atSeconds }));
  }

  private epochOf(subject: string): RevocationEpoch {
    const row = subject === "deployment" ? this.deployment : this.epochs.get(subject);
    return row ?? { epoch: 0, blocked: false };
  }

  private setEpoch(subject: string, epoch: RevocationEpoch): void {
    if (subject === "deployment")
      this.deployment = { ...epoch, registryVersion: this.deployment?.registryVersion ?? 0 };
    else this.epochs.set(subject, epoch);
  }

  private async enter(call: string, writes: boolean): Promise<void> {
    this.calls.push(call);
    await Promise.resolve();
    if (writes && this.broken) throw new Error("the store is broken");
  }
}
