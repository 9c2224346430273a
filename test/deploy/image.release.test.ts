import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readStages, type ImageStage } from './dockerfile';

const ROOT = resolve(__dirname, '../..');
/** Of the instruction `USER`. */
const USER = 10001;

let folder: string;

/** The image without Docker: a folder for each stage, in which its commands run. Paths of the base images stay out. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-'));
  for (const stage of readStages()) await build(stage);
}, 1_800_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const placeOf = (stage: string, path: string) => join(folder, stage || 'image', path);

async function build({ name: stage, instructions }: ImageStage): Promise<void> {
  let at = placeOf(stage, '/');
  const variables: Record<string, string> = {};
  for (const { name, text } of instructions) {
    if (name === 'WORKDIR') await mkdir((at = placeOf(stage, text)), { recursive: true });
    if (name === 'ARG') {
      const [, variable, value] = /^(\w+)="(.*)"$/.exec(text)!;
      variables[variable!] = value!;
    }
    if (name === 'COPY') await copy(text, at);
    // What removes tools of the base image.
    if (name === 'RUN' && !text.includes('/usr/local/'))
      execFileSync('bash', ['-c', text], { cwd: at, env: { ...process.env, ...variables }, stdio: 'pipe' });
  }
}

async function copy(text: string, at: string): Promise<void> {
  const words = text.split(' ');
  const from = words[0]!.startsWith('--from=') ? words.shift()!.slice('--from='.length) : undefined;
  const to = words.pop()!;
  for (const path of words) {
    if (path.startsWith('/etc/')) continue;
    const source = from === undefined ? join(ROOT, path) : placeOf(from, path);
    if (path === '.') await copyContext(at);
    else
      await cp(source, to.endsWith('/') ? join(at, to, basename(path)) : join(at, to), { recursive: true });
  }
}

/** What git has is what a clean checkout would send to Docker. */
async function copyContext(at: string): Promise<void> {
  const files = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
  for (const file of files) if (existsSync(join(ROOT, file))) await cp(join(ROOT, file), join(at, file));
}

test('what its steps leave runs as the user of the image, from folders that it cannot write into', async () => {
  const app = join(folder, 'image/app');
  await chmod(folder, 0o755);
  expect((await readdir(app)).toSorted()).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json']);
  const installed = new Set(await readdir(join(app, 'node_modules')));
  for (const tool of ['typescript', 'jest', 'prettier', 'oxlint', 'npm', 'knip'])
    expect(installed).not.toContain(tool);
  const cores = await readdir(join(app, 'node_modules/@temporalio/core-bridge/releases'));
  expect(cores.toSorted()).toEqual(['aarch64-unknown-linux-gnu', 'x86_64-unknown-linux-gnu']);
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(app, 'dist/cli/main.js'), ...args], {
      uid: USER,
      gid: USER,
      cwd: '/',
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', NODE_OPTIONS: '--max-old-space-size=512' },
    });
  expect(run('worker', '--help')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('--health-address'),
  });
  const config = join(ROOT, 'deploy/kubernetes/overlays/object-store/temporal-mailchimp.yaml');
  // It gets as far as Temporal, with the native parts and the clients loaded.
  expect(run('--config', config, 'worker').stderr).toMatch(/SECRET_UNAVAILABLE|TEMPORAL_UNREACHABLE/);
});
