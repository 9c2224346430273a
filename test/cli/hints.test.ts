import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { createProgram } from '../../src/cli/program';
import { asTyped, NOUNS } from '../../src/cli/shell/hints';
import { fakeTerminal, run } from './terminal';

const NPX = { npm_lifecycle_script: "'temporal-mailchimp'" };
const HINT = 'To watch it: temporal-mailchimp export watch news';

describe('a command in a hint works as typed', () => {
  test('it begins as this command did', () => {
    expect(asTyped(HINT, {}, {})).toBe(HINT);
    expect(asTyped(HINT, {}, NPX)).toBe('To watch it: npx temporal-mailchimp export watch news');
    const byScript = { npm_lifecycle_script: 'NODE_ENV=production temporal-mailchimp export start news' };
    expect(asTyped(HINT, {}, byScript)).toBe('To watch it: npx temporal-mailchimp export watch news');
    expect(asTyped(HINT, {}, { npm_lifecycle_script: 'jest' })).toBe(HINT);
  });

  test('it has the configuration file and the server of this command', () => {
    const options = { config: "it's mine.yaml", namespace: 'orders', json: true };
    expect(asTyped('(temporal-mailchimp worker)', options, {})).toBe(
      String.raw`(temporal-mailchimp --config 'it'\''s mine.yaml' --namespace orders worker)`,
    );
    const server = { profile: 'prod', address: '127.0.0.1:7300', taskQueue: 'mailchimp' };
    expect(asTyped('temporal-mailchimp dev', server, {})).toBe(
      'temporal-mailchimp --profile prod --address 127.0.0.1:7300 --task-queue mailchimp dev',
    );
  });

  test('the name of the package in a sentence is no command', () => {
    for (const text of [
      'This is a bug in temporal-mailchimp: please report it',
      'There is no temporal-mailchimp.yaml in this folder',
      'workflows of temporal-mailchimp 0.2.0',
      'write temporal-mailchimp as a plugin',
      'npx temporal-mailchimp export start',
    ]) {
      expect(asTyped(text, { config: 'a.yaml' }, NPX)).toBe(text);
    }
  });

  test('all commands of the program are known', () => {
    const program = createProgram({ terminal: fakeTerminal(), exitCode: 0 });
    const visible = program
      .createHelp()
      .visibleCommands(program)
      .map((command) => command.name());
    expect([...NOUNS, 'help'].toSorted()).toEqual(visible.toSorted());
  });

  test('in errors', async () => {
    const argv = ['destination', 'list', '--address', '127.0.0.1:1', '--namespace', 'orders'];
    const { errors } = await run(argv);
    expect(errors).toContain('(temporal-mailchimp --address 127.0.0.1:1 --namespace orders dev starts');
  });

  test('with the npx of npm, in errors and examples', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hints-'));
    const bin = join(folder, 'node_modules/.bin');
    const main = resolve(__dirname, '../../dist/cli/main.js');
    await mkdir(bin, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{}');
    await chmod(main, 0o755);
    await symlink(main, join(bin, 'temporal-mailchimp'));
    const npx = (...argv: readonly string[]) =>
      promisify(execFile)('npx', ['--no-install', 'temporal-mailchimp', ...argv], {
        cwd: folder,
        env: freshEnvironment(),
      });
    await expect(npx('dev')).rejects.toMatchObject({
      stderr: expect.stringContaining(': npx temporal-mailchimp demo --keep'),
    });
    const { stdout } = await npx('export', '--help');
    expect(stdout).toContain('Usage: npx temporal-mailchimp export');
    await rm(folder, { recursive: true, force: true });
  });
});

/** Without what npm has set for jest. */
function freshEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
}
