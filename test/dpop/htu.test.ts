import { fc, test } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import { type AgentKey, createAgentKey } from "../../client/agent/agent-key.ts";
import { verifyDpop } from "../../core/jose/dpop.ts";
import { dpopProof, type TestKey, testKey } from "../kit/wire/key.ts";

const now = 1_785_542_400;
const origin = "https://api.example.com";
let agentKey: AgentKey;
let anyKey: TestKey;
beforeAll(async () => {
  [agentKey, anyKey] = await Promise.all([createAgentKey(), testKey()]);
});

const evaluate = async (proof: string, url: string) =>
  (await verifyDpop({ proofs: [proof], method: "POST", url, nowSeconds: now })).ok;
/** A proof of our client's, evaluated by our verifier. */
const called = async (url: string, seen = url) =>
  evaluate(await agentKey.prove({ method: "POST", url, nowSeconds: now }), seen);
/** A proof that says this very text. */
const said = (htu: string, url: string) =>
  evaluate(dpopProof(anyKey, { url, atSeconds: now }, { claims: { htu } }), url);

/** A piece of a path: what it means, and the spellings that mean it. */
interface Piece {
  readonly means: string;
  readonly spelled: readonly string[];
}
const hex = (code: number) => `%${code.toString(16).padStart(2, "0")}`;
const bothCases = (escaped: string) => [escaped.toUpperCase(), escaped.toLowerCase()];
const letters = [..."abzAZ059-._~"].map((c) => ({ means: c, spelled: [c, ...bothCases(hex(c.charCodeAt(0)))] }));
const delimiters = [..."!$&'()*+,;=:@"].map((c) => ({ means: c, spelled: [c] }));
const escapes = [..."!$&'()*+,;=:@/?#[]%\\ \"<>^`{|}", "\0", "\x7f"].map((c) => {
  const escaped = hex(c.charCodeAt(0));
  return { means: escaped.toUpperCase(), spelled: bothCases(escaped) };
});
const beyondAscii = ["é", "漢", "🔑"].map((c) => ({
  means: encodeURIComponent(c),
  spelled: bothCases(encodeURIComponent(c)),
}));
const piece: fc.Arbitrary<Piece> = fc.constantFrom(...letters, ...delimiters, ...escapes, ...beyondAscii);
const meaning = (path: readonly (readonly Piece[])[]) =>
  `/${path.map((segment) => segment.map(({ means }) => means).join("")).join("/")}`;
/** Segments; those that are dots alone would be removed, and have their own examples below. */
const path = fc
  .array(fc.array(piece, { maxLength: 6 }), { minLength: 1, maxLength: 4 })
  .filter((segments) => segments.every((segment) => !/^\.{1,2}$/.test(segment.map((p) => p.means).join(""))));
const spelling = (segments: readonly (readonly Piece[])[]) =>
  fc
    .infiniteStream(fc.nat())
    .map((picks) => `/${segments.map((s) => s.map((p) => pick(p, picks.next().value)).join("")).join("/")}`);
const pick = ({ spelled }: Piece, at: number) => spelled[at % spelled.length] as string;
const spelledTwice = path.chain((segments) => fc.tuple(spelling(segments), spelling(segments)));

describe("htu", () => {
  test.prop([spelledTwice], { numRuns: 300 })(
    "of a proof our client makes is taken for any legal path, in every spelling of it",
    async ([one, other]) => {
      expect(await called(origin + one)).toBe(true);
      expect(await called(origin + one, origin + other)).toBe(true);
      expect(await said(`${origin}${one}?a=%zz#b`, `${origin}${other}?c`)).toBe(true);
    },
  );

  test.prop([path, path], { numRuns: 300 })(
    "of another path is refused, however alike they look",
    async (one, other) => {
      const [a, b] = [meaning(one), meaning(other)];
      expect(await called(origin + a, origin + b)).toBe(a === b);
    },
  );

  // a slash too many, an escape taken for what it escapes, one decoding too many
  test.prop([path, fc.constantFrom("%2F", "%2f", "/", "%252F", "%40", "%25", "x", ";")], { numRuns: 100 })(
    "of a path with one piece more is refused",
    async (segments, more) => {
      const url = origin + meaning(segments);
      expect(await called(url, url + more)).toBe(false);
    },
  );

  it.each([..."@:!'()*,;=+$&~", "漢", "é"].map((c) => [c]))("takes a path with %s in it", async (c) => {
    for (const url of [
      `${origin}/users/ann${c}example.com`,
      `${origin}/${c}me`,
      `${origin}/${c}`,
      `${origin}/a/${c}/b`,
    ])
      expect(await called(url), url).toBe(true);
  });

  it.each([
    ["escapes in lower case", `${origin}/a%2fb`, `${origin}/a%2Fb`],
    ["an escaped tilde", `${origin}/%7Eann`, `${origin}/~ann`],
    ["an unescaped tilde", `${origin}/~ann`, `${origin}/%7eann`],
    ["a host and scheme in capitals", "HTTPS://API.Example.com:443/x", `${origin}/x`],
    ["no path", origin, `${origin}/`],
    ["dot segments", `${origin}/a/../b/./x`, `${origin}/b/x`],
    ["escaped dot segments", `${origin}/a/%2e%2E/x`, `${origin}/x`],
    ["a query", `${origin}/x?page=2`, `${origin}/x?page=3`],
    ["a fragment", `${origin}/x#top`, `${origin}/x`],
    ["an address behind its query", `${origin}/x?u=https://a@b/\\`, `${origin}/x`],
    ["characters that some clients escape and some do not", `${origin}/a|b^c`, `${origin}/a%7Cb%5Ec`],
    ["half an escape, in the same words", `${origin}/100%`, `${origin}/100%`],
  ])("is the same with %s", async (_what, htu, url) => {
    expect(await said(htu, url)).toBe(true);
  });

  it.each([
    ["an escaped slash", `${origin}/a%2Fb`, `${origin}/a/b`],
    ["a last slash", `${origin}/x/`, `${origin}/x`],
    ["a slash twice", `${origin}//x`, `${origin}/x`],
    ["another case", `${origin}/X`, `${origin}/x`],
    ["an escape of an escape", `${origin}/%257E`, `${origin}/~`],
    ["half an escape that decoding would make whole", `${origin}/%%32F`, `${origin}/%2F`],
    ["another scheme", "http://api.example.com/x", `${origin}/x`],
    ["another port", `${origin}:444/x`, `${origin}/x`],
    ["a user", "https://ann@api.example.com/x", `${origin}/x`],
    ["a user without a name", "https://@api.example.com/x", `${origin}/x`],
    ["a user that looks like the host", "https://api.example.com@evil.example/x", "https://evil.example/x"],
    ["a backslash", `${origin}\\x`, `${origin}/x`],
    ["a tab", `${origin}/\tx`, `${origin}/x`],
    ["a space", `${origin}/x `, `${origin}/x`],
    ["characters beyond ASCII as they are", `${origin}/é`, `${origin}/%C3%A9`],
    ["one slash after the scheme", "https:/api.example.com/x", `${origin}/x`],
    ["no scheme", "//api.example.com/x", `${origin}/x`],
    ["no host", "https:///api.example.com/x", `${origin}/x`],
    ["an empty text", "", `${origin}/`],
  ])("is another with %s", async (_what, htu, url) => {
    expect(await said(htu, url)).toBe(false);
  });
});
