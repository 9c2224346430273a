import type { GlobalOptions } from './global-options';

type Environment = Readonly<Record<string, string | undefined>>;

/** Texts name a command as `temporal-mailchimp export …`, wherever they come from. */
const COMMAND = /(?<!npx )(?<![\w/@.-])temporal-mailchimp ([a-z-]+)/g;

/** The commands of the program, so that its name in a sentence is not taken for a command. */
export const NOUNS = [
  'init',
  'setup',
  'account',
  'destination',
  'source',
  'export',
  'person',
  'suppression',
  'store',
  'schedule',
  'alerts',
  'worker',
  'dev',
  'sandbox',
  'config',
  'codec-server',
  'search-attributes',
  'doctor',
  'demo',
  'completion',
];

/** Makes the commands in a text work as typed: started as this process was, with its configuration file and its server. */
export function asTyped(text: string, options: GlobalOptions, env: Environment = process.env): string {
  return text.replaceAll(COMMAND, (command, noun: string) =>
    NOUNS.includes(noun) ? `${programName(options, env)} ${noun}` : command,
  );
}

/** How a user types the program, with options that must come with each command. */
export function programName(
  { config, profile, address, namespace, taskQueue }: GlobalOptions,
  env: Environment = process.env,
): string {
  const options = Object.entries({ config, profile, address, namespace, 'task-queue': taskQueue });
  return [
    ...(isByNpm(env) ? ['npx'] : []),
    'temporal-mailchimp',
    ...options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${quoted(value)}`])),
  ].join(' ');
}

/** npx, and `npm run` of a script with the command in it: then it is not on the PATH of the shell. */
function isByNpm({ npm_lifecycle_script: script }: Environment): boolean {
  return script !== undefined && /(?:^|[\s'"])temporal-mailchimp(?:$|[\s'"])/.test(script);
}

function quoted(value: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
