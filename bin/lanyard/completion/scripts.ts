import type { Outline, Values } from "./outline.ts";
import type { Shell } from "./shells.ts";

/** A text in single quotes, safe for the shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The words between the program's name and the one that is being typed. */
const bashWords = `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`;
const zshWords = `"\${(@)words[2,CURRENT-1]}"`;

const flagsOf = ({ options }: Outline) => options.flatMap(({ flags }) => flags);
const valued = (outlines: readonly Outline[]) => [
  ...new Set(outlines.flatMap(({ options }) => options.filter((o) => o.takesValue).flatMap(({ flags }) => flags))),
];

/** The command that the words typed so far name, without options and their values. (zsh's `path` is PATH itself.) */
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

/** What completion offers for each option's value; files, where two commands disagree. */
function valuesByFlag(outlines: readonly Outline[]): ReadonlyMap<string, Values> {
  const found = new Map<string, Values>();
  for (const { flags, takesValue, values } of outlines.flatMap(({ options }) => options))
    for (const flag of takesValue ? flags : []) {
      const alike = !found.has(flag) || JSON.stringify(found.get(flag)) === JSON.stringify(values);
      found.set(flag, alike ? values : undefined);
    }
  return found;
}

/** How one shell's script offers values. */
interface Dialect {
  /** Offers words: printed by a command, or quoted in the script. */
  readonly offer: (words: string) => string;
  /** Offers files. */
  readonly files: string;
  /** The words typed so far. */
  readonly words: string;
}

/** The lines of a `case` about the previous word. */
function valueCases(outlines: readonly Outline[], { offer, files, words }: Dialect) {
  const all = [...valuesByFlag(outlines)];
  const named = all.flatMap(([flag, values]) => {
    if (values === undefined) return [];
    const text = "names" in values ? `"$(_lanyard_names ${values.names} ${words})"` : quoted(values.words.join(" "));
    return [`    ${flag}) ${offer(text)}; return ;;`];
  });
  const rest = all.flatMap(([flag, values]) => (values === undefined ? [flag] : []));
  return [...named, `    ${rest.join("|")}) ${files}; return ;;`].join("\n");
}

const commandCases = (outlines: readonly Outline[]): string =>
  outlines
    .map((outline) => {
      const { argument, path, commands } = outline;
      const known = argument && "words" in argument ? argument.words : [];
      const words = [...commands.map(({ name }) => name), ...known, ...flagsOf(outline)].join(" ");
      const names = argument && "names" in argument ? ` names=${argument.names}` : "";
      return `    ${quoted(path)}) offered=${quoted(words)}${names} ;;`;
    })
    .join("\n");

/** A shell function that gets names from the command, for the deployment that the words typed so far select. */
const namesFunction = (program: string): string => `_lanyard_names() {
  local kind="$1" before="" word
  local -a which=()
  shift
  for word in "$@"; do
    case "$before" in --profile|--outputs) which+=("$before" "$word") ;; esac
    before="$word"
  done
  ${program} names "$kind" "\${which[@]}" 2>/dev/null
}`;

/** @returns the script that a shell reads to complete the program's own commands, options and names */
export function completionScript(shell: Shell, outlines: readonly Outline[]): string {
  const paths = outlines.map(({ path }) => path).filter((path) => path !== "");
  const flags = valued(outlines);
  if (shell === "fish") return fish(outlines, flags);
  return shell === "bash" ? bash(walk(flags, bashWords, paths), outlines) : zsh(walk(flags, zshWords, paths), outlines);
}

const bashDialect: Dialect = {
  offer: (words) => `COMPREPLY=($(compgen -W ${words} -- "$current"))`,
  files: 'COMPREPLY=($(compgen -f -- "$current"))',
  words: bashWords,
};

const zshDialect: Dialect = {
  offer: (words) => `compadd -- \${=:-${words.replace(/^['"]|['"]$/g, "")}}`,
  files: "_files",
  words: zshWords,
};

const bash = (
  walked: string,
  outlines: readonly Outline[],
): string => `# lanyard completion bash: source <(lanyard completion bash)
${namesFunction(`"\${COMP_WORDS[0]}"`)}
_lanyard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" offered="" names=""
  case "$previous" in
${valueCases(outlines, bashDialect)}
  esac${walked}
  case "$reached" in
${commandCases(outlines)}
  esac
  if [[ -n $names && $current != -* ]]; then offered="$offered $(_lanyard_names "$names" ${bashWords})"; fi
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
  if [[ \${#COMPREPLY[@]} -eq 0 && $current != -* ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _lanyard lanyard
`;

const zsh = (walked: string, outlines: readonly Outline[]): string => `#compdef lanyard
# lanyard completion zsh: lanyard completion zsh > "\${fpath[1]}/_lanyard"
${namesFunction(`"\${words[1]}"`)}
_lanyard() {
  local offered="" names="" previous="\${words[CURRENT-1]}"
  case "$previous" in
${valueCases(outlines, zshDialect)}
  esac${walked}
  case "$reached" in
${commandCases(outlines)}
  esac
  if [[ -n $names ]]; then offered="$offered $(_lanyard_names "$names" ${zshWords})"; fi
  compadd -- \${=offered}
  _files
}
compdef _lanyard lanyard
`;

/** fish checks a condition for each candidate: whether the words typed so far name its command. */
function fish(outlines: readonly Outline[], flags: readonly string[]): string {
  const offered = (values: Values): string => {
    if (values === undefined) return "";
    return ` -f -a ${quoted("names" in values ? `(__lanyard_names ${values.names})` : values.words.join(" "))}`;
  };
  const lines = outlines.flatMap(({ path, commands, options, argument }) => {
    const when = `-n ${quoted(`test (__lanyard_path) = ${quoted(path)}`)}`;
    return [
      ...commands.map(({ name, description }) => `complete -c lanyard ${when} -f -a ${name} -d ${quoted(description)}`),
      ...(argument === undefined ? [] : [`complete -c lanyard ${when}${offered(argument)}`]),
      ...options.map(({ flags: [...names], description, takesValue, values }) => {
        const spelled = names.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
        const value = takesValue ? ` -r${offered(values)}` : "";
        return `complete -c lanyard ${when} ${spelled.join(" ")}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  const paths = outlines.map(({ path }) => path).filter((path) => path !== "");
  return `# lanyard completion fish: lanyard completion fish > ~/.config/fish/completions/lanyard.fish
function __lanyard_names
  set -l words (commandline -opc)
  set -l which
  for at in (seq 2 (math (count $words) - 1))
    if contains -- $words[$at] --profile --outputs; set which $which $words[$at] $words[(math $at + 1)]; end
  end
  $words[1] names $argv[1] $which 2>/dev/null
end
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
