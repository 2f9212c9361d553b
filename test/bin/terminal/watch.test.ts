import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Refused } from "../../../bin/lanyard/terminal/outcome.ts";
import { watched } from "../../../bin/lanyard/terminal/watch.ts";
import { deployment, lanyard, reading, setUp } from "../reading-ground.ts";

setUp();

type Watched = { terminal: { out(line: string): void } };

describe("--watch", () => {
  const terminalOf = (out: string[], err: string[] = []) => ({
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
  });

  test("looks again until it is ended, and goes on after a look that failed", async () => {
    const [out, err]: [string[], string[]] = [[], []];
    const stop = new AbortController();
    let round = 0;
    const look = async ({ terminal: to }: Watched) => {
      round += 1;
      if (round === 2) throw new Refused("away");
      to.out(`look ${round}`);
      if (round === 3) stop.abort();
    };
    await watched({ watch: "1" }, { terminal: terminalOf(out, err), stop: stop.signal }, look);
    expect([out, err]).toEqual([["look 1", "look 3"], ["away"]]);
  });

  test("begins the screen anew where there is one, when all of the answer is there", async () => {
    const out: string[] = [];
    const stop = new AbortController();
    const terminal = { ...terminalOf(out), clear: () => void out.push("CLEAR") };
    const look = async ({ terminal: to }: Watched) => {
      to.out("one");
      expect(out).toEqual([]);
      stop.abort();
    };
    await watched({ watch: true }, { terminal, stop: stop.signal }, look);
    expect(out).toEqual(["CLEAR", expect.stringMatching(/^every 5 s, last at /), "one"]);
  });

  test("a first look that fails ends it: whoever misspelled something wants to know", async () => {
    const look = async () => {
      throw new Refused("no such agent");
    };
    await expect(watched({ watch: true }, { terminal: terminalOf([]) }, look)).rejects.toThrow("no such agent");
  });
});

describe("what cannot be reached says what to do", () => {
  const status = async (answer: { status: number; body: unknown }) => {
    deployment.read.answer = async () => answer;
    return lanyard(["agents"]);
  };

  test("a function URL that IAM shuts, one that is gone, credentials that ended, a function that failed", async () => {
    for (const [answer, hint] of [
      [{ status: 403, body: { Message: "Forbidden" } }, "may your role call"],
      [
        { status: 403, body: { message: "The security token included in the request is expired" } },
        "log in to AWS again",
      ],
      [{ status: 404, body: { Message: null } }, "lanyard login again"],
      [{ status: 500, body: { Message: "Internal Server Error" } }, "docs/runbook.md"],
    ] as const)
      expect(await status(answer)).toMatchObject({ code: 1, err: expect.stringContaining(hint) });
    // our own refusals say it themselves
    const own = await status({ status: 403, body: { error: "access_denied", error_description: "not you" } });
    expect(own.err).toBe("refused: not you");
  });

  test("a local run that dies between two commands", async () => {
    await deployment.write({ adminRead: "http://127.0.0.1:1/" });
    expect(await lanyard(["agents"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("Start it again with npm start"),
    });
  });

  test("a function that is busy is asked again, within a bound; one that refuses is not", async () => {
    let calls = 0;
    deployment.read.answer = async (target) => {
      calls += 1;
      return calls < 3 ? { status: 503, body: { message: "busy" } } : reading.get(target);
    };
    expect((await lanyard(["agents"])).code).toBe(0);
    expect(calls).toBe(3);
    calls = -100;
    expect((await lanyard(["agents"])).code).toBe(1);
    expect(calls).toBe(-96);
  });
});

describe("completion of names", () => {
  /** Lets a real shell complete, with the program's answers behind a script of its name. */
  async function names(): Promise<string> {
    const program = join(deployment.folder, "lanyard");
    const agents = (await lanyard(["names", "agents"])).out;
    await writeFile(
      program,
      `#!/bin/sh\nif [ "$2" = agents ]; then echo "$@" >> ${program}.calls; printf '%s\\n' '${agents}'; else printf 'local\\naws\\nprod\\n'; fi\n`,
      { mode: 0o755 },
    );
    return program;
  }
  const bash = async (...words: readonly string[]) => {
    const program = await names();
    const script = join(deployment.folder, "lanyard.bash");
    await writeFile(script, (await lanyard(["completion", "bash"])).out);
    const quoted = [program, ...words].map((word) => `'${word}'`).join(" ");
    const line = `source ${script}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _lanyard; echo "\${COMPREPLY[*]}"`;
    const out = execFileSync("bash", ["--norc", "-c", line], { cwd: deployment.folder, encoding: "utf8" });
    return out.trim().split(" ");
  };

  test("of agents where a command or an option takes one, of profiles, of words that are known", async () => {
    expect(await bash("agents", "res")).toEqual(["researcher"]);
    expect(await bash("revoke", "--agent", "pl")).toEqual(["planner"]);
    expect(await bash("suspend", "tri")).toEqual(["triage"]);
    expect(await bash("status", "--profile", "")).toEqual(["local", "aws", "prod"]);
    expect(await bash("logout", "p")).toEqual(["prod"]);
    expect(await bash("sessions", "--output", "js")).toEqual(["json", "jsonl"]);
    expect(await bash("rotate", "--purpose", "s")).toEqual(["session", "status"]);
    expect(await bash("completion", "z")).toEqual(["zsh"]);
  });

  test("asks the deployment that the line names", async () => {
    await bash("agents", "--profile", "prod", "pl");
    const { readFile } = await import("node:fs/promises");
    expect(await readFile(join(deployment.folder, "lanyard.calls"), "utf8")).toContain("names agents --profile prod");
  });

  test("nothing is said where nothing can be found out, and nothing that a shell would read as more than a word", async () => {
    deployment.read.answer = async () => ({ status: 403, body: { Message: "Forbidden" } });
    expect(await lanyard(["names", "agents"])).toEqual({ code: 0, out: "", err: "" });
    deployment.read.answer = async () => ({
      status: 200,
      body: {
        items: ["good", "$(touch x)", "a b", "`x`"].map((name) => ({
          name,
          id: name,
          state: "active",
          owner: "o",
          sponsor: "s",
          standing: { generation: 0, blocked: false, quarantined: false },
        })),
      },
    });
    expect((await lanyard(["names", "agents"])).out).toBe("good");
  });

  test("the command that is asked stands in no help", async () => {
    expect((await lanyard(["--help"])).out).not.toMatch(/^ {2}names/m);
  });
});
