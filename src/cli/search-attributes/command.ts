import { Command } from 'commander';
import { SEARCH_ATTRIBUTES, type SearchAttribute } from '../../contract/search-attributes';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { examples } from '../shell/options';
import { withServerOfDev } from '../shell/running-dev';
import { readSettings } from '../shell/settings';
import { connect } from '../shell/temporal';
import type { Page } from '../text/page';
import { table } from '../text/table';
import { registerSearchAttributes } from './register';

export function searchAttributesCommand(cli: Cli): Command {
  return new Command('search-attributes')
    .description('Register the search attributes by which Temporal finds destinations and exports')
    .addCommand(
      new Command('register')
        .summary('Register the search attributes in the namespace')
        .description(
          'Register the search attributes in the namespace: four of type Keyword and one of type Int. A namespace with SQL visibility has room for ' +
            'ten and three.\n\n' +
            'Destinations and exports set them once temporal.searchAttributes is true and the workers were started again. Repeated, the command ' +
            'changes nothing. Temporal Cloud refuses it: then it prints the commands to run.',
        )
        .addHelpText('after', examples('search-attributes register'))
        .action(action(cli, register)),
    );
}

async function register({ options, terminal, ...invocation }: Invocation): Promise<undefined> {
  const settings = await withServerOfDev(await readSettings(options), terminal);
  const { namespace, searchAttributes: isOn } = settings.temporal;
  const connection = await connect(settings);
  try {
    const added = await registerSearchAttributes(connection, namespace);
    print(
      { options, terminal, ...invocation },
      { json: { namespace, added, isOn }, text: (page) => describe({ namespace, added, isOn }, page) },
    );
  } finally {
    await connection.close();
  }
}

interface Registered {
  readonly namespace: string;
  readonly added: readonly SearchAttribute[];
  readonly isOn: boolean;
}

function describe({ namespace, added, isOn }: Registered, page: Page): string {
  const rows = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [
    name,
    type,
    (added as readonly string[]).includes(name) ? 'registered' : 'was there',
  ]);
  const next = isOn
    ? 'Destinations and exports set them from their next export on.'
    : 'To use them, set temporal.searchAttributes to true and start the workers again.';
  return `Namespace ${namespace}\n\n${table(['SEARCH ATTRIBUTE', 'TYPE', 'NOW'], rows, page)}\n\n${next}`;
}
