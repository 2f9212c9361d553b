import type { Outline } from "./outline.ts";

/** Shells a script is made for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** One of {@link shells}. */
export type Shell = (typeof shells)[number];

/** In single quotes, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The words between the program's name and the one that is being typed. */
const bashWords = `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`;
const zshWords = `"\${(@)words[2,CURRENT-1]}"`;

const flagsOf = ({ options }: Outline) => options.flatMap(({ flags }) => flags);
const valued = (outlines: readonly Outline[]) => [
  ...new Set(outlines.flatMap(({ options }) => options.filter((o) => o.takesValue).flatMap(({ flags }) => flags))),
];

/** How far the words typed so far lead: commands only, without options and their values. (zsh's `path` is PATH itself.) */
const walk = (valuedFlags: readonly string[], words: string, paths: readonly string[]): string => `
  local reached="" word skip=""
  for word in ${words}; do
    if [[ -n $skip ]]; then skip=""; continue; fi
    case "$word" in
      ${valuedFlags.join("|")}) skip=1; continue ;;
      -*) continue ;;
    esac
    case "\${reached:+$reached }$word" in
      ${paths.map(quoted).join("|")}) reached="\${reached:+$reached }$word" ;;
    esac
  done`;

/** @returns the script that a shell reads to complete the program's own commands and options */
export function completionScript(shell: Shell, outlines: readonly Outline[]): string {
  const paths = outlines.map(({ path }) => path).filter((path) => path !== "");
  const flags = valued(outlines);
  if (shell === "fish") return fish(outlines, flags);
  const cases = outlines.map((outline) => {
    const words = [...outline.commands.map(({ name }) => name), ...flagsOf(outline)].join(" ");
    return `    ${quoted(outline.path)}) offered=${quoted(words)} ;;`;
  });
  return shell === "bash"
    ? bash(walk(flags, bashWords, paths), cases, flags)
    : zsh(walk(flags, zshWords, paths), cases, flags);
}

const bash = (
  walked: string,
  cases: readonly string[],
  flags: readonly string[],
): string => `# lanyard completion bash: source <(lanyard completion bash)
_lanyard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" offered=""
  case "$previous" in
    ${flags.join("|")}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac${walked}
  case "$reached" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
  if [[ \${#COMPREPLY[@]} -eq 0 && $current != -* ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _lanyard lanyard
`;

const zsh = (walked: string, cases: readonly string[], flags: readonly string[]): string => `#compdef lanyard
# lanyard completion zsh: lanyard completion zsh > "\${fpath[1]}/_lanyard"
_lanyard() {
  local offered="" previous="\${words[CURRENT-1]}"
  case "$previous" in
    ${flags.join("|")}) _files; return ;;
  esac${walked}
  case "$reached" in
${cases.join("\n")}
  esac
  compadd -- \${=offered}
  _files
}
compdef _lanyard lanyard
`;

/** fish asks a condition for each candidate: whether the words so far lead to its command. */
function fish(outlines: readonly Outline[], flags: readonly string[]): string {
  const lines = outlines.flatMap(({ path, commands, options }) => {
    const when = `-n ${quoted(`test (__lanyard_path) = ${quoted(path)}`)}`;
    return [
      ...commands.map(({ name, description }) => `complete -c lanyard ${when} -f -a ${name} -d ${quoted(description)}`),
      ...options.map(({ flags: [...names], description, takesValue }) => {
        const spelled = names.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
        return `complete -c lanyard ${when} ${spelled.join(" ")}${takesValue ? " -r" : ""} -d ${quoted(description)}`;
      }),
    ];
  });
  const paths = outlines.map(({ path }) => path).filter((path) => path !== "");
  return `# lanyard completion fish: lanyard completion fish > ~/.config/fish/completions/lanyard.fish
function __lanyard_path
  set -l path
  set -l skip 0
  for word in (commandline -opc)[2..]
    if test $skip = 1; set skip 0; continue; end
    switch $word
      case ${flags.map(quoted).join(" ")}
        set skip 1
      case '-*'
      case '*'
        set -l next (string join ' ' $path $word)
        if contains -- $next ${paths.map(quoted).join(" ")}; set path $path $word; end
    end
  end
  echo "$path"
end
${lines.join("\n")}
`;
}
