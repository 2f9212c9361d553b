import { bareName, bareVerification } from "../base.ts";
import { type Contestant, compare, Stock, type Taken } from "../measure.ts";
import type { Bench, Pace, Row } from "../row.ts";
import { type Alg, type BenchIssuer, createBenchIssuer } from "./issuer.ts";
import { awsToken, joseToken, joseTokenAndProof } from "./peers.ts";

/**
 * The most a verification may cost, in bare verifications of the same run. Of ES256: 2.5, where token and proof are two;
 * 1.6 for a token that was seen, where the proof is one. Of RS256 the same above the floor, whose token is by RSA and
 * whose proof is not.
 */
const goals = { firstOverFloor: 1.25, again: 1.6 } as const;

/** Offline verification of token, proof, status list and document of cuts beside what others need for their part of it. */
export const comparedVerifications: readonly Bench[] = (["ES256", "RS256"] as const).map((alg) => ({
  name: `verify/${alg.toLowerCase()}`,
  quick: true,
  measure: (pace: Pace) => measureAlg(alg, pace),
}));

async function measureAlg(alg: Alg, pace: Pace): Promise<readonly Row[]> {
  const world = await createBenchIssuer(alg);
  const taken = await compare(await contestants(world, alg), pace);
  const per = (name: string, it: Taken, more: Partial<Row> = {}): Row => ({
    section: "verify",
    name: `${alg}: ${name}`,
    value: it.cpuMicros / 1000,
    unit: "ms",
    ratio: { of: bareName.ES256, value: it.times("es256") },
    ...more,
  });
  const { first, again } = taken;
  const floor = taken.es256.cpuMicros + taken.bare.cpuMicros;
  const firstRow: Partial<Row> =
    alg === "ES256"
      ? { goal: 2 * goals.firstOverFloor }
      : { ratio: { of: "its two bare verifications", value: first.cpuMicros / floor }, goal: goals.firstOverFloor };
  return [
    per("one bare verification, node:crypto", taken.bare),
    per("token, proof, list and cuts, a token's first time", first, firstRow),
    per("token, proof, list and cuts, the same token again", again, { goal: goals.again }),
    per("peer aws-jwt-verify: the token alone", taken.aws),
    per("peer jose: the token alone", taken.jose),
    per("peer jose: token and proof", taken.joseBoth),
  ];
}

async function contestants(world: BenchIssuer, alg: Alg) {
  const one = world.token();
  const presenting = (token: () => string, verify: (it: ReturnType<typeof world.present>) => unknown) => {
    const stock = new Stock(() => world.present(token()));
    return { prepare: (runs: number) => stock.fill(runs), run: () => verify(stock.take()) };
  };
  // who remembers no token may see the same ones again: RSA signatures take long to make
  const pool = Array.from({ length: 64 }, () => world.token());
  let next = 0;
  const pooled = () => pool[next++ % pool.length] as string;
  const tokens = (verify: (token: string) => unknown): Contestant => ({ run: () => verify(pooled()) });
  return {
    es256: await bareVerification("ES256"),
    bare: await bareVerification(alg),
    first: presenting(() => world.token(), world.verifier()),
    again: presenting(() => one, world.verifier()),
    aws: tokens(awsToken(world)),
    jose: tokens(joseToken(world, alg)),
    joseBoth: presenting(pooled, joseTokenAndProof(world, alg)),
  };
}
