import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import { fakeTerminal, run } from './terminal';

describe('a bug', () => {
  test.each([[[]], [['--json']]])(
    'exits with 70 and names the file with its trace, which only the user can read %j',
    async (options) => {
      const terminal = fakeTerminal();
      const broken = {
        ...terminal,
        page: (stream: 'out' | 'err') => {
          if (stream === 'out') throw new TypeError('the page is broken');
          return terminal.page(stream);
        },
        out: (text: string) => {
          if (!text.includes('"BUG"')) throw new TypeError('the page is broken');
          terminal.out(text);
        },
      };
      expect(await main(['completion', 'bash', ...options], broken)).toBe(70);
      const [, file = ''] =
        /^BUG: the page is broken\nThis is a bug .* with the file (\S+)\n$/.exec(terminal.errors()) ?? [];
      expect(existsSync(file)).toBe(true);
      expect((await stat(file)).mode & 0o077).toBe(0);
      expect(await readFile(file, 'utf8')).toMatch(
        /^temporal-mailchimp \S+, Node v[^]*TypeError: the page is broken\n {4}at /,
      );
      await rm(dirname(file), { recursive: true });
    },
  );
});

describe('a refusal of the operating system', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bugs-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('is no bug: it has no stack, and names the path', async () => {
    const config = join(folder, 'temporal-mailchimp.yaml');
    await writeFile(config, 'accounts: {}\nsources: {}\n');
    // A file where the folder of dev has to be.
    await writeFile(join(folder, '.temporal-mailchimp'), '');
    const { code, output, errors } = await run(['dev', '--config', config]);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toMatch(/^SYSTEM: E\w+: .*\.temporal-mailchimp/m);
    expect(errors).not.toContain('    at ');
  });
});
