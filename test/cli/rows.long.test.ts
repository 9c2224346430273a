import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AUDIENCE, person } from '../support/stage';
import { destinationOf, openScene, startConfigured, type Scene } from './scene';
import { storeAtRest, treeOf } from './tree';

describe('a list of rows', () => {
  let scene: Scene;
  let stopWorker: () => Promise<void>;
  let name: string;

  beforeEach(async () => {
    scene = await openScene();
    name = scene.destinationId;
    stopWorker = await startConfigured(scene);
  });

  afterEach(async () => {
    await stopWorker();
    await scene.close();
  });

  test('refusals lists what a destination remembers, and lifts it; reports tell it from what is refused now', async () => {
    await scene.writeProfiles([person(1), person(2, { email: 'two@example.com' })]);
    const none = await scene.cli(`destination refusals ${name}`);
    expect(none.output).toBe(`${name} remembers no refusal that matches.\n`);
    const first = await scene.cli(`export start ${name}`);
    expect(first.output).toMatch(/rejected +fake +1 +now +/);
    const staging = join(scene.folder, 'staging');
    const before = await storeAtRest(scene);
    const listed = await scene.cli(`destination refusals ${name}`);
    expect(listed.output).toMatch(/fake +000002 +two@example.com +\d{4}-\S+ \S+ UTC +when it changes/);
    expect((await scene.cli(`destination refusals ${name} --csv`)).output).toMatch(
      /^class,key,email,since,retryAt,isLifted,text\nfake,000002,two@example.com,\d{4}-[^,]*Z,,false,/,
    );
    expect(await treeOf(staging)).toEqual(before);

    const again = await scene.cli(`export start ${name}`);
    expect(again.output).toMatch(/rejected +fake +1 +remembered since \d{4}-\S+ \S+ UTC/);
    const lift = `destination refusals ${name} --class fake --lift`;
    expect((await scene.cli(`${lift} --key 000001 --yes`)).output).toMatch(
      / remembers no refusal that can be lifted/,
    );
    expect((await scene.cli(lift, { answers: ['n'] })).errors).toContain('Nothing was changed.');
    expect(await scene.cliJson(`${lift} --yes`)).toMatchObject({ code: 0, document: { lifted: 1 } });
    expect((await scene.cliJson(`destination refusals ${name}`)).document).toMatchObject({
      refusals: [{ key: '000002', isLifted: true }],
    });
    const refusedNow = /rejected +fake +1 +now +/;
    expect((await scene.cli(`export start ${name}`)).output).toMatch(refusedNow);
    expect((await scene.cli(`export start ${name}`)).output).not.toMatch(refusedNow);
    expect((await scene.cli(`export start ${name} --retry-refused`)).output).toMatch(refusedNow);
  });

  test('warnings lists whose values were left out, of an export and of a plan', async () => {
    const { url, apiKey } = scene.sandbox;
    await fetch(`${url}/lists/${AUDIENCE}/merge-fields`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ tag: 'AGE', name: 'Age', type: 'number' }),
    });
    await scene.writeConfig({
      destinations: destinationOf(scene, {
        configure: { email: 'email', fields: { AGE: 'country' }, segments: { vip: 'VIP' } },
      }),
    });
    expect((await scene.cli(`destination configure ${name}`)).code).toBe(0);
    const planned = await scene.cli(`export plan ${name}`);
    expect(planned.output).toContain(`${scene.program} export warnings ${name} p1`);
    expect((await scene.cli(`export warnings ${name} p1`)).output).toMatch(/omitted +AGE +country +000001 /);
    const started = await scene.cli(`export start ${name}`);
    expect(started.output).toContain('2 values of country left out, because they do not fit AGE.');
    const before = await storeAtRest(scene);
    const csv = await scene.cli(`export warnings ${name} 1 --csv --key 000002`);
    expect(csv.output).toMatch(
      /^kind,field,attribute,key,email,value\nomitted,AGE,country,000002,[^,]*,[^,]*\n$/,
    );
    expect((await scene.cliJson(`export warnings ${name} --kind omitted`)).document).toMatchObject({
      number: 1,
      warnings: [{ key: '000001' }, { key: '000002' }],
    });
    expect((await scene.cli(`export warnings ${name} --kind cut`)).output).toContain(
      'has no warning that matches',
    );
    expect(await treeOf(join(scene.folder, 'staging'))).toEqual(before);
  });

  test('segments lists the counts of all segments, where the report has those with the most changes', async () => {
    const ids = Array.from({ length: 62 }, (_, index) => `s${index}`);
    // Only the last two have a member.
    const segments = Object.fromEntries(
      ids.map((id, index) => [
        id,
        { sql: `SELECT id FROM profiles WHERE id = '00000${index < 60 ? 9 : 1}'` },
      ]),
    );
    Object.assign(scene.config.sources['people']!, { segments });
    await scene.writeConfig({
      destinations: destinationOf(scene, {
        configure: { email: 'email', segments: Object.fromEntries(ids.map((id) => [id, null])) },
      }),
    });
    await stopWorker();
    stopWorker = await startConfigured(scene);
    const planned = await scene.cli(`export plan ${name}`);
    expect(planned.output).toContain(
      `Of 2 more segments, and of these: ${scene.program} export segments ${name} p1`,
    );
    expect((await scene.cli(`export segments ${name} p1`)).output).toMatch(/^s61 +s61 +1 +1 +0 +0/m);
    const started = await scene.cli(`export start ${name}`);
    expect(started.output).toContain(`export segments ${name} 1`);
    const before = await storeAtRest(scene);
    const csv = (await scene.cli(`export segments ${name} 1 --csv`)).output.trim().split('\n');
    expect(csv).toHaveLength(1 + ids.length);
    expect(csv).toContain('s60,s60,1,1,0,0,0,0');
    const { document } = await scene.cliJson(`export segments ${name}`);
    expect(document).toMatchObject({ number: 1, segments: { length: ids.length } });
    expect(await treeOf(join(scene.folder, 'staging'))).toEqual(before);
  });
});
