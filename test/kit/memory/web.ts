import type { Fetcher, FetchFailure } from "../../../core/model/ports.ts";
import { err, ok } from "../../../core/model/result.ts";

/** A web of documents in memory, noting every URL that was asked for. */
export class MemoryWeb implements Fetcher {
  readonly documents = new Map<string, { body: string; maxAgeSeconds?: number }>();
  readonly asked: string[] = [];
  /** Set to make every fetch fail. */
  failure: FetchFailure["why"] | undefined;
  /** Set to hold fetches back until it resolves. */
  gate: Promise<void> | undefined;

  /** Publishes a document. */
  put(url: string, document: unknown, maxAgeSeconds?: number): void {
    const body = typeof document === "string" ? document : JSON.stringify(document);
    this.documents.set(url, { body, ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }) });
  }

  /** Publishes an issuer's discovery document and key set. */
  issuer(issuer: string, keys: readonly object[], jwksUri = `${issuer}/jwks`): void {
    this.put(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, { issuer, jwks_uri: jwksUri });
    this.put(jwksUri, { keys });
  }

  async get(url: string, bounds: { readonly maxBytes: number }): ReturnType<Fetcher["get"]> {
    this.asked.push(url);
    const failure = this.failure;
    const document = this.documents.get(url);
    await this.gate;
    if (failure) return err({ why: failure, detail: url });
    if (!document) return err({ why: "status", detail: url });
    const body = Buffer.from(document.body);
    if (body.length > bounds.maxBytes) return err({ why: "too_large", detail: url });
    const { maxAgeSeconds } = document;
    return ok({ body, ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }) });
  }
}
