import { Command } from 'commander';
import { action, type Cli } from '../shell/invocation';
import { examples, personName, text } from '../shell/options';
import { statement } from './consent';
import { giveConsent } from './give-consent';
import { withdrawConsent } from './withdraw-consent';

export function withdrawConsentCommand(cli: Cli): Command {
  return new Command('withdraw-consent')
    .summary('Withdraw the consent, and keep the destination')
    .description(
      'Withdraw the consent and keep the destination: a running export is cancelled, further ones are refused, and schedules skip it, until ' +
        'the consent is given again. Exported contacts stay in the audience unchanged.',
    )
    .argument('<name>', 'name of the destination')
    .requiredOption('--as <name>', 'who withdraws it; recorded in the history', personName)
    .option('--reason <text>', 'why, in a sentence; recorded in the history', text)
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      examples('destination withdraw-consent newsletter --as "Kim Data" --reason "Under review" --yes'),
    )
    .action(action(cli, withdrawConsent));
}

export function giveConsentCommand(cli: Cli): Command {
  return new Command('give-consent')
    .summary('Give the consent again, for the settings as they are')
    .description(
      'Give the consent again, for the settings of the destination as they are. Requires consent to the data privacy statement: pass --agree ' +
        'and --as, or answer the prompt.',
    )
    .argument('<name>', 'name of the destination')
    .option('--agree', 'agree to the data privacy statement')
    .option('--as <name>', 'who agrees; recorded in the history, with the consent', personName)
    .addHelpText('after', examples('destination give-consent newsletter --agree --as "Kim Data"'))
    .addHelpText('after', () => `\n${statement()}`)
    .action(action(cli, giveConsent));
}
