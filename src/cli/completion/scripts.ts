export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Printed by `complete` in place of candidates: the shell completes names of files. */
export const FILES = ':files';

/*
 * Each script passes the words up to the cursor to `complete` of the program that is being typed, so it need not be renewed with a new
 * version. A candidate is a line: the word, a tab, and its description.
 */

const BASH = `# Completion of temporal-mailchimp for bash. For ~/.bashrc:  eval "$(temporal-mailchimp completion bash)"
_temporal_mailchimp() {
  COMPREPLY=()
  local line word
  while IFS= read -r line; do
    if [ "$line" = '${FILES}' ]; then
      compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
      return
    fi
    printf -v word '%q' "\${line%%$'\\t'*}"
    COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _temporal_mailchimp temporal-mailchimp`;

const ZSH = `#compdef temporal-mailchimp
# Completion of temporal-mailchimp for zsh. For ~/.zshrc, after compinit:  eval "$(temporal-mailchimp completion zsh)"
_temporal_mailchimp() {
  local line word text
  local -a candidates
  for line in "\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == '${FILES}' ]]; then
      _files
      return
    fi
    word="\${\${line%%$'\\t'*}//:/\\\\:}"
    text="\${line#*$'\\t'}"
    [[ -n $word ]] && candidates+=("$word\${text:+:$text}")
  done
  _describe 'temporal-mailchimp' candidates
}
if [[ "\${funcstack[1]}" == _temporal_mailchimp ]]; then
  _temporal_mailchimp "$@"
else
  compdef _temporal_mailchimp temporal-mailchimp
fi`;

const FISH = `# Completion of temporal-mailchimp for fish. For ~/.config/fish/config.fish:  temporal-mailchimp completion fish | source
function __temporal_mailchimp
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l lines ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
  if test "$lines[1]" = '${FILES}'
    __fish_complete_path "$current"
  else
    printf '%s\\n' $lines
  end
end
complete -c temporal-mailchimp -f -a '(__temporal_mailchimp)'`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
