import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from '@lydell/node-pty';
import { until } from '../support/until';
import { run, runJson } from './terminal';

const MAIN = resolve(__dirname, '../../dist/cli/main.js');
const CONFIG = `
accounts: { main: { apiKey: env:KEY } }
sources:
  crm: { kind: files, profiles: { path: a.csv, key: id }, segments: { vip: { members: { path: m.csv, key: id } } } }
  shop: { kind: files, profiles: { path: b.csv, key: id }, segments: { buyers: { members: { path: n.csv, key: id } } } }
destinations:
  news: { connect: { name: News, account: main, audienceId: a1b2c3d4e5, source: crm, statusIfNew: pending }, schedule: { every: 6h } }
  newsletter: { connect: { name: More, account: main, audienceId: a1b2c3d4e6, source: shop, statusIfNew: pending } }
`;

let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'completion-'));
  await mkdir(join(folder, 'bin'));
  await chmod(MAIN, 0o755);
  await symlink(MAIN, join(folder, 'bin/temporal-mailchimp'));
  await writeFile(join(folder, 'temporal-mailchimp.yaml'), CONFIG);
  await writeFile(join(folder, 'other.yaml'), CONFIG.replace('newsletter:', 'weekly:'));
  const path = [join(folder, 'bin'), process.env['PATH']].join(delimiter);
  env = { PATH: path, HOME: folder, TERM: 'dumb' };
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What `complete` offers for a line with the cursor at its end. */
async function offered(line: string): Promise<string[]> {
  const config = line.includes('--config') ? [] : ['--config', join(folder, 'temporal-mailchimp.yaml')];
  const { code, output } = await run(['complete', '--', ...config, ...line.split(' ')]);
  expect(code).toBe(0);
  return wordsOf(output).toSorted();
}

function wordsOf(output: string): string[] {
  return output.split('\n').flatMap((line) => line.split('\t')[0] || []);
}

describe('completes', () => {
  test.each([
    ['commands', 'ex', ['export']],
    ['subcommands', 'config ', ['check', 'schema']],
    ['subcommands after options', '--namespace orders --json config c', ['check']],
    ['options of a command', 'export start x --l', ['--lane', '--limit']],
    ['options of all commands', 'export start x --na', ['--namespace']],
    ['destinations of a schedule', 'schedule create x --destination news', ['news', 'newsletter']],
    ['schedules of the file', 'schedule show ', ['news']],
    ['destinations to sync', 'schedule sync newsl', ['newsletter']],
    ['an option once', 'export start x --lane batch --la', []],
    ['a repeatable option again', 'sandbox --fault x --fa', ['--fault']],
    ['choices', 'export start x --lane ', ['auto', 'batch', 'direct']],
    ['choices after =', 'export start x --lane=b', ['--lane=batch']],
    ['choices after = as bash splits it', 'export start x --lane = b', ['batch']],
    ['choices at = as bash splits it', 'export start x --lane =', ['auto', 'batch', 'direct']],
    ['outcomes', 'export failures x --outcome inv', ['invalid']],
    ['destinations', 'export start news', ['news', 'newsletter']],
    ['no second destination', 'export start news ', []],
    ['sources', 'source check ', ['crm', 'shop']],
    ['accounts', 'account check ', ['main']],
    ['accounts as an option', 'destination connect news --account ', ['main']],
    ['segments of the destination', 'destination configure news --segment ', ['vip']],
    ['sources to preview', 'source preview ', ['crm', 'shop']],
    ['segments of the source to preview', 'source preview shop ', ['buyers']],
    ['segments of all sources', 'destination configure x --segment ', ['buyers', 'vip']],
    ['shells', 'completion ', ['bash', 'fish', 'zsh']],
    ['files', 'sandbox --record ', [':files']],
    ['nothing where nothing is known', 'exprot ', []],
    ['nothing from a file that cannot be read', '--config no.yaml export start ', []],
  ])('%s: %s', async (_case, line, words) => {
    expect(await offered(line)).toEqual(words);
  });

  test('segments to preview where there is only one source, whose name may be omitted', async () => {
    const one = join(folder, 'one.yaml');
    await writeFile(one, CONFIG.replace(/^ {2}shop:.*\n/m, '').replace(/^destinations:[^]*/m, ''));
    expect(await offered(`--config ${one} source preview `)).toEqual(['crm', 'vip']);
  });

  test('names of the file that the line names', async () => {
    const other = join(folder, 'other.yaml');
    expect(await offered(`--config ${other} export start `)).toEqual(['news', 'weekly']);
    expect(await offered(`export start --config=${other} `)).toEqual(['news', 'weekly']);
  });
});

describe('bash', () => {
  test('completes the line of a user, at Tab', async () => {
    const shell = spawn('bash', ['--norc', '--noprofile', '-i'], {
      cwd: folder,
      env: { ...env, TERM: 'xterm' },
      cols: 200,
      rows: 20,
    });
    let screen = '';
    shell.onData((data) => (screen += data));
    const shown = (text: string) =>
      until(async () => screen.includes(text), 20_000).catch(() => {
        throw new Error(`${text} is not on the screen:\n${screen}`);
      });
    try {
      shell.write('source <(temporal-mailchimp completion bash); echo loaded:$?\r');
      await shown('loaded:0');
      shell.write('temporal-mailchimp exp\t');
      await shown('temporal-mailchimp export ');
      shell.write('sta\t');
      await shown('export start ');
      shell.write('newsl\t--lane=b\t');
      await shown('start newsletter --lane=batch ');
      shell.write('--config ot\t');
      await shown('--config other.yaml ');
      expect(screen).not.toContain('command not found');
      expect(screen).not.toContain('command not found');
    } finally {
      shell.kill('SIGKILL');
    }
  });
});

describe('the script', () => {
  test('is printed for each shell, and as a document', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, output } = await run(['completion', shell]);
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('complete -- ') });
      const { document } = await runJson(['completion', shell]);
      expect(document).toEqual({ script: output.trimEnd() });
    }
  });

  test('of another shell is wrong usage', async () => {
    const { code, errors } = await run(['completion', 'tcsh']);
    expect({ code, errors }).toEqual({ code: 2, errors: expect.stringContaining('bash, zsh, fish') });
  });
});
