import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { person } from '../support/stage';
import { openScene, type Scene } from './scene';
import { treeOf } from './tree';

const MAIN = resolve(__dirname, '../../dist/cli/main.js');

/** Runs a command as a process of its own, since tests that run at the same time share this process's folder for temporary files. */
async function temporaryFilesLeftBy(scene: Scene, args: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'source-temporary-'));
  const env = { ...process.env, TMPDIR: folder };
  await promisify(execFile)(process.execPath, [MAIN, 'source', ...args, '--config', scene.configFile], {
    env,
  });
  const left = await readdir(folder);
  await rm(folder, { recursive: true });
  return left;
}

describe('source', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await openScene();
  });

  afterEach(async () => {
    await scene.close();
  });

  test('segments and attributes are listed without a worker', async () => {
    expect(await scene.cli('source segments')).toEqual({
      code: 0,
      output: 'SEGMENT  NAME\nvip      vip\nnorth    north\n',
      errors: '',
    });
    expect((await scene.cli('source attributes')).output).toBe('id\nemail\nfirst\nlast\ncountry\n');
    expect((await scene.cliJson('source segments people')).document).toMatchObject({
      segments: [{ id: 'vip', name: 'vip' }, { id: 'north' }],
    });
    expect((await scene.cliJson('source attributes')).document).toEqual({
      attributes: ['id', 'email', 'first', 'last', 'country'],
    });
  });

  test('check counts profiles and members', async () => {
    const { code, output } = await scene.cli('source check');
    expect(code).toBe(0);
    expect(output).toContain('5 profiles with 5 attributes');
    expect(output).toMatch(/vip +vip +2\nnorth +north +3\n/);
    expect(output).not.toContain('memberships');
  });

  test('check warns of each segment without profiles, unless there are none at all', async () => {
    await scene.writeMembers([['000001', 'vip']]);
    const { code, output, errors } = await scene.cli('source check');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output.match(/^Warning: .*$/gm)).toEqual(['Warning: no profile is in the segment "north".']);
    await scene.writeProfiles([]);
    expect((await scene.cli('source check')).output).not.toContain('no profile is in');
  });

  test('check counts the membership rows that select no profile, by segment', async () => {
    await scene.writeMembers([
      ['000001', 'vip'],
      ['1', 'vip'],
      ['2', 'north'],
      ['000002', 'North'],
    ]);
    const { code, output } = await scene.cli('source check');
    expect(code).toBe(0);
    expect(output).toContain(
      'Warning: Membership rows with a key that no profile has, which are skipped: 1 in vip, 1 in north. ' +
        'Rows with a value that no segment asks for, in the list of each segment: 1 in vip, 1 in north.',
    );
    expect((await scene.cliJson('source check')).document).toMatchObject({
      members: [
        { segment: 'vip', unmatched: { keys: 1, values: 1 } },
        { segment: 'north', unmatched: { keys: 1, values: 1 } },
      ],
    });
  });

  test.each(['check', 'segments', 'attributes'])(
    '%s writes nothing, and makes no staging folder',
    async (verb) => {
      const before = await treeOf(scene.folder);
      expect(await temporaryFilesLeftBy(scene, [verb])).toEqual([]);
      expect(await treeOf(scene.folder)).toEqual(before);
      expect(existsSync(join(scene.folder, 'staging'))).toBe(false);
    },
  );

  test('check of a malformed file names file and line, and exits with 1', async () => {
    await appendFile(join(scene.folder, 'profiles.csv'), '"9","too","few"\n');
    const { code, output, errors } = await scene.cli('source check');
    expect(code).toBe(1);
    expect(errors).toMatch(/^SOURCE_MALFORMED: .*--allow-unreadable-lines/);
    expect(output).toMatch(/profiles\.csv +7 /);
    const { document } = await scene.cliJson('source check');
    expect(document).toMatchObject({ profiles: 5, unreadable: [{ file: 'profiles.csv', lines: 1 }] });
  });

  test('check of lines in another encoding names the setting', async () => {
    await appendFile(
      join(scene.folder, 'profiles.csv'),
      Buffer.from('9,x@y.org,M\u00fcller,B,C\n', 'latin1'),
    );
    const { code, errors } = await scene.cli('source check');
    expect(code).toBe(1);
    expect(errors).toContain(
      'profiles.csv: not in the configured encoding: set csv.encoding, probably to windows-1252.',
    );
  });

  test('check of a source with a repeated key shows the key, which the error does not contain', async () => {
    await scene.writeProfiles([person(1), person(2), person(2), person(2)]);
    const { code, errors } = await scene.cli('source check');
    expect(code).toBe(1);
    expect(errors).toMatch(/^KEY IN SEVERAL ROWS +ROWS\n *000002 +3\n/);
    expect(errors).toMatch(/\nSOURCE_KEY_NOT_UNIQUE: .* 2 rows repeat the "id" .*distinct values: 1/);
    expect(errors).not.toContain('source check');
    await scene.writeProfiles([person(1), person(2), person(2)]);
    expect((await scene.cli('source check')).errors).toContain(
      'but one row repeats the "id" of an earlier row',
    );
    expect((await scene.cli('source preview vip')).errors).toContain(`${scene.program} source check, which`);
    const { document } = await scene.cliJson('source check');
    expect(JSON.stringify(document)).not.toContain('000002');
  });

  test('check of a source without profiles exits with 1', async () => {
    await scene.writeProfiles([]);
    const { code, errors } = await scene.cli('source check');
    expect(code).toBe(1);
    expect(errors).toMatch(/^SOURCE_EMPTY: /);
  });

  test('preview shows the first profiles of a segment, and leaves no copy', async () => {
    expect(await temporaryFilesLeftBy(scene, ['preview', 'people', 'north', '--limit', '2'])).toEqual([]);
    const { code, output, errors } = await scene.cli('source preview people north --limit 2');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(
      /^ +id +email +first +last +country\n000002 +person000002@mail\.chinook\.org +First/,
    );
    expect(output).toMatch(/\n\n3 profiles in north; the first 2 are shown\.\n$/);
    expect(output.split('\n')).toHaveLength(6);
    const { document } = await scene.cliJson('source preview vip');
    expect(document).toMatchObject({
      segment: 'vip',
      profiles: 2,
      rows: [{ id: '000001', country: 'Norway' }, {}],
    });
  });

  test('preview of a segment without profiles, or of none, says so', async () => {
    await scene.writeMembers([['000001', 'vip']]);
    expect((await scene.cli('source preview north')).output).toBe('0 profiles in north.\n');
    expect((await scene.cli('source preview south')).errors).toMatch(/^SEGMENT_NOT_FOUND: .*"south"/);
  });

  test('preview of a mistyped source names the nearest one; of a source alone, it asks for a segment', async () => {
    for (const line of ['source preview peple', 'source preview peple north']) {
      const { code, errors } = await scene.cli(line);
      expect({ line, code }).toEqual({ line, code: 1 });
      expect(errors).toMatch(/^SOURCE_NOT_FOUND: .*"peple"\. Did you mean "people"\?/);
    }
    expect((await scene.cli('source preview peple')).errors).toContain('source preview <source> <segment>');
    const alone = await scene.cli('source preview people');
    expect(alone.errors).toMatch(/^INPUT_INVALID: "people" is a source\..*source segments people\n$/);
    expect((await scene.cli('source preview nort')).errors).toMatch(
      /^SEGMENT_NOT_FOUND: .*Did you mean "north"\?/,
    );
  });

  test('a missing file is named', async () => {
    await rm(join(scene.folder, 'members.csv'));
    const { code, errors } = await scene.cli('source check');
    expect(code).toBe(1);
    expect(errors).toMatch(/^SOURCE_UNREADABLE: [^]*members\.csv/);
  });

  test('an unknown source is named, with the known ones, and with the commands for one that only a worker has', async () => {
    const { code, errors } = await scene.cli('source check crm');
    expect(code).toBe(1);
    expect(errors).toMatch(/^SOURCE_NOT_FOUND: [^]*"crm"[^]*people[^]*destination connect/);
  });

  test('with several sources, one must be named', async () => {
    const { people } = scene.config.sources;
    await scene.writeConfig({ sources: { people, others: people } });
    const { code, errors } = await scene.cli('source segments');
    expect(code).toBe(1);
    expect(errors).toBe(
      'INPUT_INVALID: The configuration file has several sources; name one: people, others.\n',
    );
  });

  test('invalid SQL is refused with SEGMENT_SQL_INVALID', async () => {
    const { people } = scene.config.sources;
    const segments = { vip: { sql: 'SELEC id FROM profiles' } };
    await scene.writeConfig({ sources: { people: { ...people, segments } }, destinations: {} });
    const { code, errors } = await scene.cli('source check');
    expect(code).toBe(1);
    expect(errors).toMatch(/^SEGMENT_SQL_INVALID: /);
  });

  test('names with control characters do not reach the terminal', async () => {
    await writeFile(
      join(scene.folder, 'profiles.csv'),
      'id,email,first,last,country,"a\u001b[2J"\n1,,,,,x\n',
    );
    const { output } = await scene.cli('source attributes');
    expect(output).not.toContain('\u001b');
  });
});
