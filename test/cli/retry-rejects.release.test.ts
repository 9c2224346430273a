import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { person } from '../support/stage';
import { destinationOf, openScene, startConfigured, type Scene } from './scene';

let scene: Scene;
let stopWorker: () => Promise<void>;
let name: string;

/** One is sent, one is refused as fake, and one is invalid. */
beforeEach(async () => {
  scene = await openScene();
  name = scene.destinationId;
  await scene.writeProfiles([
    person(1),
    person(2, { email: 'two@example.com' }),
    person(3, { email: 'no address' }),
  ]);
  stopWorker = await startConfigured(scene);
});

afterEach(async () => {
  await stopWorker();
  await scene.close();
});

const REFUSED_NOW = /rejected +fake +1 +now +/;

describe('rejects', () => {
  test('of an export are sent again on request, with what has changed since', async () => {
    expect((await scene.cli(`export start ${name}`)).output).toMatch(REFUSED_NOW);
    expect((await scene.cli(`export start ${name}`)).output).not.toMatch(REFUSED_NOW);
    const retried = await scene.cli(`export retry-rejects ${name} 2`);
    expect(retried.errors).toContain(`Lifted 1 refusal of export 2 of ${name}.`);
    expect(retried.output).toMatch(REFUSED_NOW);
    // Export 3 has refused it anew, so that of export 2 is none that is remembered.
    expect((await scene.cli(`export retry-rejects ${name} 2`)).errors).toContain('Lifted 0 refusals');
    expect(await scene.cli(`export retry-rejects ${name} 3 --class compliance`)).toMatchObject({ code: 2 });
  });

  test('that are all invalid are not sent again', async () => {
    await scene.writeProfiles([person(1), person(3, { email: 'no address' })]);
    await scene.cli(`export start ${name}`);
    const { code, output } = await scene.cli(`export retry-rejects ${name} 1`);
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining('Invalid profiles have to be corrected in the source.'),
    });
    expect((await scene.cli(`export list ${name}`)).output).not.toMatch(/^2 /m);
  });

  test('are printed and written in each format, by class', async () => {
    await scene.cli(`export start ${name}`);
    const csv = await scene.cli(`export failures ${name} --csv`);
    expect(csv.output).toMatch(
      /^outcome,reason,attribute,key,email,text,since\nrejected,fake,,000002,.*\ninvalid,email_malformed,email,000003,no address,,\n$/,
    );
    const lines = (await scene.cli(`export failures ${name} --class fake --ndjson`)).output
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { key: '000002', reason: 'fake' },
    ]);
    const file = join(scene.folder, 'rejects.parquet');
    const written = await scene.cliJson(`export failures ${name} --parquet ${file}`);
    expect(written).toMatchObject({ code: 0, document: { file, rows: 2 } });
    expect((await readFile(file)).subarray(0, 4).toString()).toBe('PAR1');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await scene.cli(`export failures ${name} --csv --ndjson`)).toMatchObject({ code: 2 });
    expect((await scene.cli(`export warnings ${name} --ndjson`)).output.trim()).toBe('');
  });

  test('hold an export by number, share and policy, and let it pass with --allow-rejects', async () => {
    const held = await scene.cli(`export start ${name} --hold-on-rejects 0`);
    expect(held).toMatchObject({ code: 1, output: expect.stringContaining('the limit is 0') });
    await scene.cli(`export cancel ${name}`);
    await scene.cli(`export watch ${name}`);
    const { [name]: destination } = destinationOf(scene);
    await scene.writeConfig({
      destinations: {
        [name]: { ...destination, configure: { ...destination!.configure, rejects: { fake: 'hold' } } },
      },
    });
    expect((await scene.cli(`destination configure ${name}`)).code).toBe(0);
    expect((await scene.cli(`destination show ${name}`)).output).toMatch(/Rejects +fake: hold/);
    expect((await scene.cli(`export start ${name} --hold-on-rejects 50%`)).output).toMatch(REFUSED_NOW);
    const byPolicy = await scene.cli(`export plan ${name}`);
    expect(byPolicy.output).toContain('a class whose policy is to hold: fake (1)');
    expect((await scene.cli(`export start ${name} --allow-rejects`)).code).toBe(0);
    expect(await scene.cli(`export start ${name} --hold-on-rejects many`)).toMatchObject({ code: 2 });
  });
});
