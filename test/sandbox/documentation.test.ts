import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SWITCHES, parseFault, startSandbox } from '../../src/sandbox';
import { ACTIONS } from '../../src/sandbox/model/act';

const text = readFileSync(resolve(__dirname, '../../docs/sandbox.md'), 'utf8');
const section = (title: string) => text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
const rows = (title: string) =>
  [...section(title).matchAll(/^\| `([^`]+)` *\|(.*)\|$/gm)].map(([, name = '', rest = '']) => ({
    name,
    cells: rest.split('|').map((cell) => cell.trim()),
  }));

describe('the documentation of the sandbox', () => {
  test('lists every switch with its default', () => {
    const documented = rows('Switches').map(({ name, cells }) => [name, cells[1]]);
    const real = Object.entries(DEFAULT_SWITCHES).map(([name, value]) => [
      name,
      value === '' ? '(empty)' : String(value),
    ]);
    expect(documented).toEqual(real);
  });

  test('has only faults that are faults', () => {
    const faults = rows('Faults').map(({ name }) => name);
    expect(faults).toHaveLength(24);
    for (const fault of faults) expect(() => parseFault(fault)).not.toThrow();
  });

  test('has commands for the control port that it answers', async () => {
    const control = section('The control port');
    const commands = [...control.matchAll(/^ {4}curl (.*?)(?: {2,}#.*)?$/gm)].map(
      ([, command = '']) => command,
    );
    expect(commands).toHaveLength(8);
    const members = [{ email_address: 'ada@lovelace.org', status: 'subscribed' as const }];
    const sandbox = await startSandbox({ audiences: [{ id: '1a2b3c4d5e', name: 'Newsletter', members }] });
    for (const command of commands) {
      const [, method, body, path = ''] =
        /^(?:-X (\w+) )?(?:-d '([^']+)' )?http:\/\/127\.0\.0\.1:8025(\/\S+)$/.exec(command) ?? [];
      const sent = {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        ...(body !== undefined && { body }),
      };
      const { status } = await fetch(new URL(path, sandbox.url), sent);
      expect({ command, status }).toEqual({ command, status: sent.method === 'GET' ? 200 : 204 });
    }
    expect(sandbox.state('1a2b3c4d5e').byStatus.unsubscribed).toBe(1);
    await sandbox.close();
    for (const action of ACTIONS) expect(control).toContain(`\`${action}\``);
  });
});
