import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freePort } from '../../src/dev/dev-server';
import { spawnOwned, type OwnedProcess } from '../../src/dev/owned-process';
import { startSandbox } from '../../src/sandbox';
import { until } from '../support/until';

const ROOT = resolve(__dirname, '../..');
const INSTALL = 'npm install temporal-mailchimp';
const SET_KEY = /^export MAILCHIMP_API_KEY=/;
/** These run until Ctrl-C, and have said so when they are ready. */
const KEEPS_RUNNING = /temporal-mailchimp (dev|worker)\b/;
const READY = 'Ctrl-C';

const run = promisify(execFile);

let folder: string;
let running: OwnedProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'readme-'));
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((program) => program.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** The commands of the blocks that are marked as `sh`, without the comments behind them. */
async function commandsOf(file: string): Promise<string[]> {
  const text = await readFile(join(ROOT, file), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    block
      .split('\n')
      .map((line) => line.replace(/\s+# .*$/, '').trim())
      .filter((line) => line !== ''),
  );
}

/** What the install leaves, with this checkout as the package. */
async function install(): Promise<void> {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '.bin'), { recursive: true });
  await symlink(ROOT, join(modules, 'temporal-mailchimp'));
  const program = `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/dist/cli/main.js" "$@"\n`;
  await writeFile(join(modules, '.bin/temporal-mailchimp'), program, { mode: 0o755 });
}

test('every command of the README works in a fresh folder, in the order of the README', async () => {
  const env: NodeJS.ProcessEnv = { ...process.env, TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` };
  delete env['MAILCHIMP_API_KEY'];
  // In the place of Mailchimp, which a test cannot reach.
  const mailchimp = await startSandbox({ audiences: [{ id: '1a2b3c4d5e', name: 'Newsletter' }] });
  try {
    const commands = await commandsOf('README.md');
    expect(commands).toContain(INSTALL);
    expect(commands.length).toBeGreaterThan(10);
    for (const command of commands) {
      if (command === INSTALL) await install();
      else if (SET_KEY.test(command)) {
        env['MAILCHIMP_API_KEY'] = mailchimp.apiKey;
        await setBaseUrl(mailchimp.url);
      } else if (KEEPS_RUNNING.test(command)) await start(command, env);
      else await run('bash', ['-euc', command], { cwd: folder, env });
    }
    const listed = await run('npx', ['temporal-mailchimp', 'export', 'list', 'newsletter', '--json'], {
      cwd: folder,
      env,
    });
    const { exports } = JSON.parse(listed.stdout) as { exports: { status: string; number: number }[] };
    expect(exports.map(({ status, number }) => `${status} ${number}`)).toEqual(['completed 1', 'planned 1']);
  } finally {
    await mailchimp.close();
  }
});

async function start(command: string, env: NodeJS.ProcessEnv): Promise<void> {
  // A port of its own: another program of this machine may have the usual one of the Web UI.
  const typed = command.endsWith(' dev') ? `${command} --ui-port ${await freePort()}` : command;
  const program = await spawnOwned({ command: 'bash', args: ['-euc', typed], cwd: folder, env });
  running.push(program);
  const ended = program.ended.then((how) => {
    throw new Error(`${command} ended with ${how}: ${program.output()}`);
  });
  await Promise.race([until(async () => program.output().includes(READY)), ended]);
  ended.catch(() => undefined);
}

async function setBaseUrl(url: string): Promise<void> {
  const file = join(folder, 'temporal-mailchimp.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace(/^( +)apiKey: .*$/m, (line, indent) => `${line}\n${indent}baseUrl: ${url}`),
  );
}
