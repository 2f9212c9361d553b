import type { Client, Metadata, ServiceError } from "@grpc/grpc-js";
import { EvidenceError } from "../../error.ts";
import { workloadTarget } from "./address.ts";

/** One call of the Workload API. */
interface WorkloadCall {
  readonly address: string;
  readonly method: "FetchX509SVID" | "FetchJWTSVID";
  readonly request: Uint8Array;
}

/** An answer holds certificates of a few identities and the bundles of federated domains. */
const answerBytes = 1_048_576;
const timeoutMillis = 5_000;

/**
 * Calls the Workload API once, bounded in bytes and time: the one answer of a unary call, or a stream's first, after
 * which the stream is cancelled.
 * @throws EvidenceError for every failure; it names the status and never the answer
 */
export async function askWorkloadApi({ address, method, request }: WorkloadCall): Promise<Uint8Array> {
  const target = workloadTarget(address);
  const grpc = await import("@grpc/grpc-js").catch(() => {
    throw new EvidenceError("the Workload API needs the package @grpc/grpc-js, which is not installed");
  });
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": answerBytes,
    // neither a proxy named in the environment nor DNS may come between the process and its own socket
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_retries": 0,
  });
  // the standard's guard against forged requests (Workload Endpoint 5): servers refuse a call without it
  const metadata = new grpc.Metadata();
  metadata.set("workload.spiffe.io", "true");
  try {
    return await (method === "FetchJWTSVID" ? unary : firstOfStream)(client, { method, request, metadata });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? Number(cause.code) : Number.NaN;
    throw new EvidenceError(`the Workload API failed: ${grpc.status[code] ?? "no answer"}`);
  } finally {
    client.close();
  }
}

interface Sent extends Pick<WorkloadCall, "method" | "request"> {
  readonly metadata: Metadata;
}

const path = ({ method }: Sent): string => `/SpiffeWorkloadAPI/${method}`;
const asBuffer = (value: Uint8Array): Buffer => Buffer.from(value);
const asBytes = (value: Buffer): Uint8Array => value;
const options = () => ({ deadline: Date.now() + timeoutMillis });

function unary(client: Client, sent: Sent): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const answered = (error: ServiceError | null, value?: Uint8Array) =>
      error || !value ? reject(error ?? new Error("no answer")) : resolve(value);
    client.makeUnaryRequest(path(sent), asBuffer, asBytes, sent.request, sent.metadata, options(), answered);
  });
}

function firstOfStream(client: Client, sent: Sent): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const stream = client.makeServerStreamRequest(
      path(sent),
      asBuffer,
      asBytes,
      sent.request,
      sent.metadata,
      options(),
    );
    stream.once("data", (value: Uint8Array) => {
      resolve(value);
      stream.cancel();
    });
    // stays: the cancelled stream reports its end as an error too
    stream.on("error", reject);
    stream.once("end", () => reject(new Error("no answer")));
  });
}
