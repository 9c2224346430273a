import { Argument, Command } from 'commander';
import { examples } from '../shell/options';
import { action, print, type Cli } from '../shell/invocation';
import { printable } from '../text/printable';
import { candidatesFor } from './candidates';
import { FILES, SCRIPTS, SHELLS, type Shell } from './scripts';

export function completionCommand(cli: Cli): Command {
  return new Command('completion')
    .summary('Print a script that completes commands in your shell')
    .description(
      'Print a script that completes commands, options and the names of the configuration file in your shell.\n\n' +
        'bash, in ~/.bashrc:                    eval "$(temporal-mailchimp completion bash)"\n' +
        'zsh, in ~/.zshrc after compinit:       eval "$(temporal-mailchimp completion zsh)"\n' +
        'fish, in ~/.config/fish/config.fish:   temporal-mailchimp completion fish | source',
    )
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .addHelpText('after', examples('completion bash > /etc/bash_completion.d/temporal-mailchimp'))
    .action(
      action(cli, async (invocation, shell: Shell) => {
        if (invocation.options.json) print(invocation, { json: { script: SCRIPTS[shell] }, text: () => '' });
        // A script is no text of ours with hints in it.
        else invocation.terminal.out(SCRIPTS[shell]);
        return undefined;
      }),
    );
}

/** What the scripts call. */
export function completeCommand(cli: Cli): Command {
  return new Command('complete').argument('[words...]').action(
    action(cli, async ({ terminal, program }, words: string[]) => {
      const found = await candidatesFor(program, words);
      const lines =
        found === FILES
          ? [FILES]
          : found.map(({ word, description }) => `${printable(word)}\t${printable(description)}`);
      if (lines.length > 0) terminal.out(lines.join('\n'));
      return undefined;
    }),
  );
}
