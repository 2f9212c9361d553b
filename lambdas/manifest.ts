/**
 * The functions of a deployment. The bundler, the stacks, the settings, the names of roles and the command line read
 * this list. It is data only: the code of a function is `lambdas/<name>/index.ts`, and its construct grants its rights.
 */

/** What the readers of this list need to know of one function. */
interface FunctionEntry {
  /** The stack it belongs to. */
  readonly stack: "issuer" | "audit" | "service";
  /** Id of its construct. Logical ids are made from it, so it never changes. */
  readonly id: string;
  /** What it does, in a phrase that CloudFormation shows. */
  readonly does: string;
  /**
   * Its address. `public`: everybody may call it, and the function authenticates callers itself. `signed`: callers that
   * IAM admits. `operators`: the roles that the stage names for a duty. When it is left out, only AWS services can
   * invoke it.
   */
  readonly url?: "public" | "signed" | "operators";
  /** Which of the operators may call it. */
  readonly duty?: "read" | "write" | "revoke" | "rotate" | "approve";
  /** Of a role's sessions only those may call whose name is proved to be a person's (`signedUrl`). */
  readonly people?: true;
  /** It accepts DPoP proofs, and demands nonces in them where the stage asks for that at this endpoint. */
  readonly nonces?: "attest" | "token" | "introspect" | "revoke" | "credentials" | "decide" | "approve-token";
  /** Its role has a fixed name, since the policy of a key, a table, the bus, the bucket or a queue names it. */
  readonly namedRole?: true;
  /** It decides by Cedar, so Cedar's WebAssembly is packed beside its bundle. */
  readonly cedar?: true;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  /** The setting without which the function is not created. */
  readonly only?:
    | "registry"
    | "outboundIdentityFederation"
    | "awsCredentials"
    | "canary"
    | "decisions"
    | "approvals"
    | "approvalNotices"
    | "signals";
}

/** Every function by its name. */
export const functions = {
  attest: {
    stack: "service",
    id: "Attest",
    does: "Proves what an agent is and gives it an identity token",
    url: "public",
    nonces: "attest",
    namedRole: true,
    memoryMegabytes: 1_024,
    timeoutSeconds: 10,
  },
  "attest-iam": {
    stack: "service",
    id: "AttestIam",
    does: "Gives an identity token to the agent that IAM authenticated",
    url: "signed",
    nonces: "attest",
    namedRole: true,
    memoryMegabytes: 1_024,
    timeoutSeconds: 10,
  },
  token: {
    stack: "service",
    id: "Token",
    does: "Opens sessions and issues access tokens",
    url: "public",
    nonces: "token",
    namedRole: true,
    cedar: true,
    memoryMegabytes: 1_769,
    timeoutSeconds: 10,
  },
  introspect: {
    stack: "service",
    id: "Introspect",
    does: "Tells resource servers whether a token is alive",
    url: "public",
    nonces: "introspect",
    namedRole: true,
    memoryMegabytes: 1_024,
    timeoutSeconds: 10,
  },
  revoke: {
    stack: "service",
    id: "Revoke",
    does: "Lets an agent end its own sessions and offers",
    url: "public",
    nonces: "revoke",
    namedRole: true,
    memoryMegabytes: 1_024,
    timeoutSeconds: 10,
  },
  credentials: {
    stack: "service",
    id: "Credentials",
    does: "Gives sessions credentials of AWS roles",
    url: "public",
    nonces: "credentials",
    namedRole: true,
    cedar: true,
    memoryMegabytes: 1_024,
    timeoutSeconds: 15,
    only: "awsCredentials",
  },
  decide: {
    stack: "service",
    id: "Decide",
    does: "Decides for gateways whether a session may call a tool",
    url: "public",
    nonces: "decide",
    namedRole: true,
    cedar: true,
    // decided in the way of every call of a tool: a whole processor, as for tokens
    memoryMegabytes: 1_769,
    timeoutSeconds: 10,
    only: "decisions",
  },
  "decide-iam": {
    stack: "service",
    id: "DecideIam",
    does: "Decides for gateways that IAM authenticated",
    url: "signed",
    namedRole: true,
    cedar: true,
    memoryMegabytes: 1_769,
    timeoutSeconds: 10,
    only: "decisions",
  },
  approve: {
    stack: "service",
    id: "Approve",
    does: "Lets people approve and refuse what agents ask for",
    url: "operators",
    duty: "approve",
    people: true,
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 10,
    only: "approvals",
  },
  "approve-token": {
    stack: "service",
    id: "ApproveToken",
    does: "Lets people approve and refuse by a token of their provider",
    url: "public",
    nonces: "approve-token",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 10,
    only: "approvals",
  },
  signals: {
    stack: "service",
    id: "Signals",
    does: "Hears of identity providers which people are gone",
    url: "public",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 10,
    only: "signals",
  },
  "admin-revoke": {
    stack: "service",
    id: "AdminRevoke",
    does: "Lets an operator revoke, lift a block, and erase a person from the audit",
    url: "operators",
    duty: "revoke",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 10,
  },
  "admin-write": {
    stack: "service",
    id: "AdminWrite",
    does: "Lets an operator change the registry",
    url: "operators",
    duty: "write",
    namedRole: true,
    cedar: true,
    memoryMegabytes: 1_024,
    timeoutSeconds: 60,
  },
  "admin-read": {
    stack: "service",
    id: "AdminRead",
    does: "Lets an operator look at agents, sessions and the registry, and read the audit",
    url: "operators",
    duty: "read",
    namedRole: true,
    cedar: true,
    memoryMegabytes: 1_024,
    timeoutSeconds: 30,
  },
  discovery: {
    stack: "issuer",
    id: "Discovery",
    does: "Metadata, keys and status lists of the issuer",
    url: "public",
    memoryMegabytes: 512,
    timeoutSeconds: 10,
  },
  relay: {
    stack: "audit",
    id: "Relay",
    does: "Carries audit records from the outbox to the bus",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 30,
  },
  publisher: {
    stack: "service",
    id: "Publisher",
    does: "Signs and stores the status lists",
    namedRole: true,
    memoryMegabytes: 1_024,
    // within one run some 100,000 trees of a busy agent are walked; the run of the next minute continues an interrupted
    // walk
    timeoutSeconds: 120,
  },
  "aws-stop": {
    stack: "service",
    id: "AwsStop",
    does: "Stops the AWS credentials of dead sessions",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 60,
    only: "awsCredentials",
  },
  rotator: {
    stack: "service",
    id: "Rotator",
    does: "Rotates the signing keys",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 60,
  },
  transmitter: {
    stack: "service",
    id: "Transmitter",
    does: "Pushes security events to receivers",
    namedRole: true,
    memoryMegabytes: 1_024,
    timeoutSeconds: 30,
  },
  notices: {
    stack: "service",
    id: "Notices",
    does: "Tells people, once a minute, what began to wait for them",
    namedRole: true,
    memoryMegabytes: 256,
    // five hundred requests are read, told of and forgotten in a few seconds
    timeoutSeconds: 45,
    only: "approvalNotices",
  },
  federation: {
    stack: "service",
    id: "Federation",
    does: "Switches the account's outbound identity federation on",
    memoryMegabytes: 256,
    timeoutSeconds: 60,
    only: "outboundIdentityFederation",
  },
  "admin-rotate": {
    stack: "service",
    id: "AdminRotate",
    does: "Lets an operator rotate signing keys",
    url: "operators",
    duty: "rotate",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 10,
  },
  "registry-applier": {
    stack: "service",
    id: "RegistryApplier",
    does: "Makes the deployed folder the registry",
    namedRole: true,
    cedar: true,
    memoryMegabytes: 1_024,
    timeoutSeconds: 300,
    only: "registry",
  },
  "lifecycle-watch": {
    stack: "service",
    id: "LifecycleWatch",
    does: "Tells of agents whose review is late and of dormant ones",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 300,
  },
  sealer: {
    stack: "audit",
    id: "Sealer",
    does: "Writes audit records to the log and signs its checkpoints",
    namedRole: true,
    memoryMegabytes: 512,
    // one run chooses batches for 40 seconds and finishes the last of them
    timeoutSeconds: 120,
  },
  "object-reader": {
    stack: "audit",
    id: "ObjectReader",
    does: "Retains the objects of the audit bucket and compares their lines with the records",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 300,
  },
  reconciler: {
    stack: "audit",
    id: "Reconciler",
    does: "Finds what is missing in the audit trail",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 120,
  },
  canary: {
    stack: "service",
    id: "Canary",
    does: "Measures how long a revoked session still works",
    namedRole: true,
    memoryMegabytes: 512,
    // credentials of AWS are waited for until they are refused, as long as its sessions live and half a minute more
    timeoutSeconds: 390,
    only: "canary",
  },
  "drift-watch": {
    stack: "service",
    id: "DriftWatch",
    does: "Tells of functions that are not what was deployed",
    namedRole: true,
    memoryMegabytes: 512,
    timeoutSeconds: 120,
  },
} as const;

/** Name of a function. */
export type FunctionName = keyof typeof functions;

/** Functions whose entry has one of some values. */
type NameWith<Part> = {
  [Name in FunctionName]: (typeof functions)[Name] extends Part ? Name : never;
}[FunctionName];

/** A function with an address that a stage may leave out. */
export type OptionalCallable = NameWith<{ readonly url: string; readonly only: string }>;
/** A function that has an address. */
export type CallableName = NameWith<{ readonly url: string }>;
/** A function whose role has a fixed name. */
export type NamedRoleFunction = NameWith<{ readonly namedRole: true }>;
/** A function that only operators may call. */
type OperatorsFunction = NameWith<{ readonly url: "operators" }>;
/** A duty for which a stage names operators. */
export type Duty = NonNullable<FunctionEntry["duty"]>;
/** An endpoint that may demand nonces in DPoP proofs. */
export type NoncingEndpoint = NonNullable<FunctionEntry["nonces"]>;

/** All names, in the order above. */
export const functionNames = Object.keys(functions) as FunctionName[];

/** The entry of a function, as the interface has it. */
export const functionEntry = (name: FunctionName): FunctionEntry => functions[name];

const namesWith = <Name extends FunctionName>(fits: (entry: FunctionEntry) => unknown): readonly Name[] =>
  functionNames.filter((name) => fits(functionEntry(name))) as Name[];

/** Functions with an address: their concurrency can be reserved, since callers decide how often they run. */
export const callable: readonly CallableName[] = namesWith(({ url }) => url);

/** Functions that only operators may call. */
export const forOperators: readonly OperatorsFunction[] = namesWith(({ url }) => url === "operators");

/** Endpoints that may demand nonces; `attest` stands for both functions that attest. */
export const noncingEndpoints: readonly NoncingEndpoint[] = [
  ...new Set(functionNames.flatMap((name) => functionEntry(name).nonces ?? [])),
];

/**
 * Folder, beside the functions' bundles, of the program that packs a registry for a deployment; Cedar is packed beside
 * it too.
 */
export const registryPacker = "pack-registry";

/** Functions whose bundle has Cedar's WebAssembly beside it. */
export const withCedar: readonly FunctionName[] = namesWith(({ cedar }) => cedar);

/** Name of a function's URL in the parameters that publish it, such as `adminRead`. */
export const urlName = (name: CallableName): string => {
  const { id } = functions[name];
  return `${id.charAt(0).toLowerCase()}${id.slice(1)}`;
};

/** Name of the output of a function's URL, such as `AdminReadUrl`. */
export const urlOutput = (name: CallableName): string => `${functions[name].id}Url`;
