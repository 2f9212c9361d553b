import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";

/** What the socket answers, and what it was asked. */
export interface FakeWorkloadApi {
  readonly address: string;
  readonly folder: string;
  readonly asked: { readonly method: string; readonly header: readonly string[]; readonly request: string }[];
  x509: () => Uint8Array | number;
  jwt: () => Uint8Array | number;
  /** Whether calls without the standard's header are refused, as they must be. */
  demandsHeader: boolean;
  close(): void;
}

const same = (value: Buffer): Buffer => value;

/** A Workload API at a Unix socket or on a port of this machine: gRPC itself, by the library that agents use. */
export async function fakeWorkloadApi(by: "unix" | "tcp" = "unix"): Promise<FakeWorkloadApi> {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-spiffe-"));
  chmodSync(folder, 0o700);
  const socket = join(folder, "api.sock");
  const asked: FakeWorkloadApi["asked"] = [];
  const server = new Server();
  const refusedBy = (method: string, call: { metadata: { get(name: string): unknown[] }; request?: Buffer }) => {
    const header = call.metadata.get("workload.spiffe.io").map(String);
    asked.push({ method, header, request: (call.request ?? Buffer.alloc(0)).toString("latin1") });
    return fake.demandsHeader && header.join() !== "true" ? status.INVALID_ARGUMENT : undefined;
  };
  const path = (name: string) => `/SpiffeWorkloadAPI/${name}`;
  const method = (name: string, responseStream: boolean) => ({
    path: path(name),
    requestStream: false,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  });
  server.addService(
    { x509: method("FetchX509SVID", true), jwt: method("FetchJWTSVID", false) },
    {
      x509(call: ServerWritableStream<Buffer, Buffer>) {
        const answer = refusedBy("FetchX509SVID", call) ?? fake.x509();
        // a real one stays open and writes each renewal
        if (typeof answer !== "number") call.write(Buffer.from(answer));
        else call.emit("error", { code: answer, details: "secret details" });
      },
      jwt(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        const answer = refusedBy("FetchJWTSVID", call) ?? fake.jwt();
        if (typeof answer === "number") done({ code: answer, details: "secret details" });
        else done(null, Buffer.from(answer));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(
      by === "unix" ? `unix:${socket}` : "127.0.0.1:0",
      ServerCredentials.createInsecure(),
      (error, at) => (error ? reject(error) : resolve(at)),
    ),
  );
  const fake: FakeWorkloadApi = {
    address: by === "unix" ? `unix://${socket}` : `tcp://127.0.0.1:${port}`,
    folder,
    asked,
    x509: () => status.PERMISSION_DENIED,
    jwt: () => status.PERMISSION_DENIED,
    demandsHeader: true,
    close() {
      server.forceShutdown();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return fake;
}

/** A field of wire type 2, by hand: the tests do not use the codec that they try. */
export function field(number: number, value: string | Uint8Array): Buffer {
  const content = Buffer.from(value as Uint8Array);
  const length: number[] = [];
  let rest = content.length;
  do {
    length.push((rest % 128) | (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
}

/** `X509SVIDResponse` or `JWTSVIDResponse` of these SVIDs, each given as its fields. */
export const response = (...svids: readonly (readonly (readonly [number, string | Uint8Array])[])[]): Buffer =>
  Buffer.concat(svids.map((fields) => field(1, Buffer.concat(fields.map(([number, value]) => field(number, value))))));
