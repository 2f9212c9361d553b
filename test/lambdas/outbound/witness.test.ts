import { expect, test } from "vitest";
import { verifierKey } from "../../../core/tlog/note-key.ts";
import { createWitness } from "../../../lambdas/aws/outbound/witness.ts";
import { privateKeyOf, publicKeyOf } from "../../kit/memory/log.ts";
import { serve } from "../../kit/serve.ts";

const key = verifierKey({ name: "w.example/1", type: "cosignature", publicKey: publicKeyOf(privateKeyOf("w")) });
const here = { loopbackAllowed: true, timeoutMillis: 500 };

test("a witness is asked by one POST below its prefix (C2SP tlog-witness), and its answer is handed on", async () => {
  const { origin, asked } = await serve(() => ({
    status: 409,
    headers: { "content-type": "text/x.tlog.size" },
    body: "7\n",
  }));
  expect(await createWitness({ key, url: `${origin}/w/` }, here).addCheckpoint("old 0\n\nx\n")).toEqual({
    ...{ status: 409, contentType: "text/x.tlog.size", body: "7\n" },
  });
  expect(asked).toMatchObject([{ method: "POST", target: "/w/add-checkpoint", body: "old 0\n\nx\n" }]);
});

test("of any other answer nothing is read, and no redirect is followed", async () => {
  const elsewhere = await serve(() => ({ status: 200, body: "— x y\n" }));
  for (const status of [302, 403, 500]) {
    const { origin } = await serve(() => ({ status, headers: { location: elsewhere.origin }, body: "x".repeat(99) }));
    expect(await createWitness({ key, url: origin }, here).addCheckpoint("c")).toEqual({ status, body: "" });
  }
  expect(elsewhere.asked).toEqual([]);
});

test("threat 31: neither a long answer nor none at all, nor a private address, is waited for", async () => {
  const long = await serve(() => ({ status: 200, body: "x".repeat(20_000) }));
  await expect(createWitness({ key, url: long.origin }, here).addCheckpoint("c")).rejects.toThrow("too_large");
  const silent = await serve((_, response) => void response.writeHead(200).flushHeaders());
  await expect(createWitness({ key, url: silent.origin }, here).addCheckpoint("c")).rejects.toThrow();
  for (const url of [long.origin, "https://10.0.0.1", "http://witness.example", "https://u:p@witness.example"])
    await expect(createWitness({ key, url }).addCheckpoint("c")).rejects.toThrow("public host");
});

test("a key that is no witness's is refused", () => {
  const log = verifierKey({ name: "log", type: "ed25519", publicKey: publicKeyOf(privateKeyOf("w")) });
  for (const wrong of ["", "w+00000000+AAAA", log])
    expect(() => createWitness({ key: wrong, url: "https://w.example" })).toThrow("no witness's key");
});
