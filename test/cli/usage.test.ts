import { describe, expect, test } from '@jest/globals';
import { CONSENT_TEXT } from '../../src/contract/destination';
import { VERSION } from '../../src/contract/version';
import { run, runJson } from './terminal';

const COMMANDS = [
  'destination connect',
  'destination configure',
  'destination show',
  'destination list',
  'destination refusals',
  'destination verify',
  'destination drift',
  'destination remove',
  'source segments',
  'source attributes',
  'source check',
  'export plan',
  'export start',
  'export watch',
  'export show',
  'export list',
  'export failures',
  'export warnings',
  'export approve',
  'export deny',
  'export cancel',
  'export pause',
  'export resume',
  'worker',
  'dev',
  'sandbox',
  'config schema',
  'config check',
  'completion',
];

describe('help', () => {
  test.each(COMMANDS)('of %s shows its usage, options and examples', async (command) => {
    const { code, output, errors } = await run([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(errors).toBe('');
    expect(output).toContain(`Usage: temporal-mailchimp ${command}`);
    expect(output).toContain('--json');
    expect(output).toMatch(/\n {2}\$ temporal-mailchimp /);
  });

  test('of connect contains the data privacy statement, to read before --agree', async () => {
    const { output } = await run(['destination', 'connect', '--help']);
    const words = output.replaceAll(/\s+/g, ' ');
    expect(words).toContain(`statement (version ${CONSENT_TEXT.version}): ${CONSENT_TEXT.text}`);
  });

  test('of the program lists every noun', async () => {
    const { code, output } = await run(['--help']);
    expect(code).toBe(0);
    for (const noun of ['destination', 'source', 'export', 'worker', 'dev', 'sandbox', 'config', 'demo']) {
      expect(output).toMatch(new RegExp(`\n  ${noun} `));
    }
  });

  test('has at most 100 characters per line', async () => {
    for (const command of COMMANDS) {
      const { output } = await run([...command.split(' '), '--help']);
      expect(output.split('\n').filter((line) => line.length > 100)).toEqual([]);
    }
  });

  test('the version is the package version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, output: `${VERSION}\n`, errors: '' });
  });
});

describe('a command or option that does not exist is wrong usage, and the nearest is named', () => {
  test.each([
    ['exprot', "unknown command 'exprot'\n(Did you mean export?)"],
    ['exprot start x', "unknown command 'exprot'\n(Did you mean export?)"],
    ['exprot --help', "unknown command 'exprot'\n(Did you mean export?)"],
    ['exprot -h', "unknown command 'exprot'\n(Did you mean export?)"],
    ['--config a.yaml exprot --help', "unknown command 'exprot'\n(Did you mean export?)"],
    ['help exprot', "unknown command 'exprot'\n(Did you mean export?)"],
    ['export strat --help', "unknown command 'strat'\n(Did you mean start?)"],
    ['export strat newsletter --help', "unknown command 'strat'\n(Did you mean start?)"],
    ['help export strat', "unknown command 'strat'\n(Did you mean start?)"],
    ['frobnicate --help', "unknown command 'frobnicate'"],
    ['export start x --limt 3', "unknown option '--limt'\n(Did you mean --limit?)"],
    ['destination list --adress x', "unknown option '--adress'\n(Did you mean --address?)"],
    ['--jsn export list x', "unknown option '--jsn'\n(Did you mean --json?)"],
  ])('%s', async (line, said) => {
    const { code, output, errors } = await run(line.split(' '));
    expect({ code, output }).toEqual({ code: 2, output: '' });
    expect(errors).toContain(`error: ${said}\n`);
  });

  test.each([['exprot'], ['exprot', '--help'], ['export', 'exprt', '--help']])(
    'also as JSON: %s %s',
    async (...argv) => {
      const { code, document } = await runJson(argv);
      expect(code).toBe(2);
      expect(document).toMatchObject({
        error: {
          code: 'USAGE',
          message: expect.stringContaining(
            `unknown command '${argv.findLast((word) => word.startsWith('exp'))}'`,
          ),
        },
      });
    },
  );

  test.each([
    'help',
    'help export',
    'help export start',
    'export help start',
    'export --help',
    'worker --help',
  ])('but %s is help', async (line) => {
    const { code, output, errors } = await run(line.split(' '));
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toContain('Usage: temporal-mailchimp');
  });
});

describe('wrong usage exits with 2, and names the mistake and --help', () => {
  test.each([
    ['no command', [], 'Usage: temporal-mailchimp'],
    ['a noun alone', ['export'], 'Usage: temporal-mailchimp export'],
    ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'"],
    ['an unknown verb', ['export', 'frobnicate'], "unknown command 'frobnicate'"],
    ['an unknown option', ['destination', 'list', '--frob'], "unknown option '--frob'"],
    ['a missing name', ['export', 'start'], "missing required argument 'name'"],
    ['one argument too many', ['destination', 'show', 'a', 'b'], 'too many arguments'],
    ['an option without its value', ['destination', 'list', '--address'], 'argument missing'],
    ['an invalid number', ['export', 'start', 'x', '--limit', 'ten'], 'It must be a whole number'],
    ['a limit of zero', ['export', 'start', 'x', '--limit', '0'], 'above 0'],
    ['an unknown outcome', ['export', 'failures', 'x', '--outcome', 'lost'], 'Allowed choices are invalid'],
    [
      'an unknown status if new',
      ['destination', 'connect', 'x', '--status-if-new', 'maybe'],
      'Allowed choices',
    ],
    ['a field without attribute', ['destination', 'configure', 'x', '--field', 'FNAME'], 'TAG=ATTRIBUTE'],
    ['lifting without a terminal or --yes', ['destination', 'refusals', 'x', '--lift'], 'needs --yes'],
    [
      'a file where it does not wait',
      ['destination', 'verify', 'x', '--no-wait', '--csv', 'f'],
      'exclude each other',
    ],
    [
      'an unknown way to differ',
      ['destination', 'drift', 'x', '--class', 'lost'],
      'Allowed choices are missing',
    ],
    [
      'a class that is not remembered',
      ['destination', 'refusals', 'x', '--class', 'unknown'],
      'Allowed choices are fake',
    ],
    [
      'a reason that no failure has',
      ['export', 'failures', 'x', '--class', 'nonsense'],
      'Allowed choices are email_missing',
    ],
    [
      'an odd limit of rejects',
      ['export', 'start', 'x', '--fail-on-rejects', '5x'],
      'a percentage, such as 5%',
    ],
    [
      'an unknown kind of warning',
      ['export', 'warnings', 'x', '--kind', 'lost'],
      'Allowed choices are omitted',
    ],
    ['a removal without a name', ['destination', 'remove', 'x', '--yes'], "required option '--as <name>'"],
    ['a removal without a terminal or --yes', ['destination', 'remove', 'x', '--as', 'me'], 'needs --yes'],
    ['an empty name of the one who removes', ['destination', 'remove', 'x', '--as', ''], "'--as <name>'"],
    ['an empty name of the one who agrees', ['destination', 'connect', 'x', '--as', ' '], "'--as <name>'"],
    ['an empty person', ['person', 'show', ' '], "'person'"],
    ['an empty plan', ['export', 'approve', 'x', '--plan', ''], "'--plan <id>'"],
    ['a URL as address', ['export', 'list', 'x', '--address', 'http://a:1'], "'--address <host:port>'"],
    [
      'a token in place of its reference',
      ['codec-server', '--token', 'abc'],
      'It must be a reference to a secret, env:VARIABLE or file:PATH, and not its text.',
    ],
    [
      'a name in place of an address to listen on',
      ['worker', '--metrics-address', 'metrics.test:9464'],
      'It must be an IP address, or localhost, and a port up to 65535, for example 127.0.0.1:9464',
    ],
    ['a port that does not exist', ['worker', '--health-address', '127.0.0.1:99999'], 'a port up to 65535'],
    ['an empty address', ['export', 'list', 'x', '--address', ''], 'It must be a host and a port'],
    ['an empty namespace', ['export', 'list', 'x', '--namespace', ''], "'--namespace <name>'"],
    ['an empty task queue', ['export', 'list', 'x', '--task-queue', ''], "'--task-queue <name>'"],
    ['an empty configuration file', ['export', 'list', 'x', '--config', ''], "'--config <file>'"],
    ['an invalid fault', ['sandbox', '--fault', 'explode'], "not a fault: 'explode'"],
    ['an invalid port', ['sandbox', '--port', '70000'], 'It must be a port'],
  ])('%s', async (_case, argv, said) => {
    const { code, output, errors } = await run(argv);
    expect(code).toBe(2);
    expect(errors).toContain(said);
    expect(output).toBe('');
    expect(errors).not.toContain('    at ');
  });

  test('with --json, the error is the only document', async () => {
    const { code, document } = await runJson(['export', 'start']);
    expect(code).toBe(2);
    expect(document).toEqual({
      error: { code: 'USAGE', message: "missing required argument 'name'", details: {} },
    });
  });

  test('CSV and JSON exclude each other', async () => {
    const { code, document } = await runJson(['export', 'failures', 'x', '--csv']);
    expect(code).toBe(2);
    expect(document).toMatchObject({ error: { message: '--csv and --json exclude each other' } });
  });
});
