import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';
import { person } from '../support/stage';
import { printOnTerminal, printToPipe, type Printed } from './pseudo-terminal';
import { blockBatches, openScene, startWorker, type Scene } from './scene';

const ESCAPE = '\u001b';
const LONG_ADDRESS = `${'long.'.repeat(12)}address at chinook.org`;

let scene: Scene;
let stopWorker: () => Promise<void>;
let show: (line: string) => string[];

beforeAll(async () => {
  scene = await openScene();
  show = (line) => [...line.replace('NAME', scene.destinationId).split(' '), '--config', scene.configFile];
  await scene.writeProfiles([person(1), person(2), person(5, { email: LONG_ADDRESS })]);
  await scene.writeMembers([
    ['000001', 'vip'],
    ['000002', 'north'],
    ['000005', 'north'],
  ]);
  stopWorker = await startWorker(scene);
  for (const line of ['destination connect NAME --agree --as Kim', 'destination configure NAME']) {
    const { code, errors } = await printToPipe(show(line));
    if (code !== 0) throw new Error(errors);
  }
});

afterAll(async () => {
  await stopWorker();
  await scene.close();
});

/** The lines of all tables: from a line of headings to the next empty line. */
function tableLines({ lines }: Printed): string[] {
  let isTable = false;
  return lines.filter((line) => {
    isTable = line.trim() !== '' && (isTable || /^[A-Z][A-Z ']*$/.test(line));
    return isTable;
  });
}

const WITH_TABLES = [
  'export show NAME',
  'export list NAME',
  'export failures NAME',
  'destination show NAME',
  'destination list',
  'source segments',
  'source check',
];

describe('on a terminal of 80 columns', () => {
  test('a report has the status in colour', async () => {
    const { code, output } = await printOnTerminal(show('export start NAME'));
    expect(code).toBe(0);
    expect(output).toContain(`${ESCAPE}[32mExport 1 completed: every profile has one outcome.${ESCAPE}[39m`);
  });

  test.each(WITH_TABLES)('%s has no table line that wraps', async (line) => {
    const shown = await printOnTerminal(show(line));
    expect(tableLines(shown).length).toBeGreaterThanOrEqual(2);
    expect(tableLines(shown).filter((row) => row.length > 80)).toEqual([]);
    expect(shown.output).toContain(`${ESCAPE}[1m`);
  });

  test('a table drops and cuts what has no room, and is complete in a pipe and with --json', async () => {
    const listed = await printOnTerminal(show('export list NAME'));
    expect(listed.lines[0]).toMatch(/^NUMBER +STATUS .*NOT EXPORTED$/);
    expect((await printToPipe(show('export list NAME'))).lines[0]).toMatch(/^NUMBER +EXPORT +STATUS /);

    const failures = await printOnTerminal(show('export failures NAME'));
    expect(failures.output).toMatch(/long\.long\.long.*…/);
    expect((await printToPipe(show('export failures NAME'))).output).toContain(LONG_ADDRESS);
    const json = await printOnTerminal([...show('export failures NAME'), '--json']);
    expect(JSON.parse(json.output)).toMatchObject({ failures: [{ email: LONG_ADDRESS }] });
    expect(json.output).not.toContain(ESCAPE);
  });

  test('a preview fits as well, says that columns have no room, and is complete with --json', async () => {
    const preview = show('source preview north');
    const { lines } = await printOnTerminal(preview, { columns: 40 });
    expect(lines.slice(0, 3).filter((line) => line.length > 40)).toEqual([]);
    expect(lines.join('\n')).toContain('--json prints all.');
    expect((await printOnTerminal(preview, { columns: 200 })).lines.join('\n')).not.toContain('--json');
    const json = await printOnTerminal([...preview, '--json'], { columns: 40 });
    expect(JSON.parse(json.output)).toMatchObject({ rows: [{}, { email: LONG_ADDRESS, country: 'Norway' }] });
  });

  test('an error has its code in red', async () => {
    const { code, output } = await printOnTerminal(show('destination show absent'));
    expect(code).toBe(1);
    expect(output).toContain(`${ESCAPE}[31mDESTINATION_NOT_FOUND:${ESCAPE}[39m The destination`);
    const usage = await printOnTerminal(['export', 'start']);
    expect(usage.output).toContain(`${ESCAPE}[31merror:${ESCAPE}[39m missing required argument`);
  });
});

describe('without colours', () => {
  test.each([
    ['NO_COLOR', { NO_COLOR: '1' }],
    ['TERM=dumb', { TERM: 'dumb' }],
  ])('(%s) a terminal gets the same tables, and none', async (_case, env) => {
    const plain = await printOnTerminal(show('export show NAME'), { env });
    expect(plain.output).not.toContain(ESCAPE);
    const coloured = await printOnTerminal(show('export show NAME'));
    expect(coloured.output).toContain(`${ESCAPE}[1m`);
    expect(coloured.lines).toEqual(plain.lines);
  });
});

describe('without a terminal', () => {
  test('nothing contains an escape code, also while an export is followed', async () => {
    const { code, output, errors } = await printToPipe(show('export start NAME'));
    expect(code).toBe(0);
    expect(output + errors).not.toContain(ESCAPE);
    expect(errors).toMatch(/^Export \d+ of .* has started .*\n/);
    // One line for each state, not for each answer of the server.
    const lines = errors.trim().split('\n');
    expect(lines.toSorted()).toEqual([...new Set(lines)].toSorted());
  });

  test('FORCE_COLOR colours what a pipe gets', async () => {
    const { output } = await printToPipe(show('export list NAME'), { env: { FORCE_COLOR: '1' } });
    expect(output).toContain(`${ESCAPE}[1mNUMBER${ESCAPE}[22m`);
  });
});

describe('an export that is followed', () => {
  let blocked: Scene;
  let stop: () => Promise<void>;
  let watch: string[];

  beforeAll(async () => {
    blocked = await openScene();
    stop = await startWorker(blocked);
    const name = blocked.destinationId;
    await blocked.cli(`destination connect ${name} --agree --as Kim`);
    await blocked.cli(`destination configure ${name}`);
    await blockBatches(blocked);
    await blocked.cli(`export start ${name} --lane batch --no-wait`);
    watch = ['export', 'watch', name, '--config', blocked.configFile];
  });

  afterAll(async () => {
    await blocked.cli(`export cancel ${blocked.destinationId}`);
    await blocked.cli(`export watch ${blocked.destinationId}`);
    await stop();
    await blocked.close();
  });

  test('has a bar that fits the terminal, and Ctrl-C gives the cursor back', async () => {
    const { code, output } = await printOnTerminal(watch, { stopAt: /5 of 8 changes/ });
    expect(code).toBe(130);
    // The bar is drawn again from the first column, which some drawings reach by a control sequence.
    const bars = output.split(new RegExp(`\r|\n|${ESCAPE}\\[\\d*G`)).filter((line) => line.includes('%'));
    expect(bars.length).toBeGreaterThan(0);
    for (const bar of bars) expect(stripVTControlCharacters(bar).length).toBeLessThanOrEqual(80);
    expect(output.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(output.lastIndexOf(`${ESCAPE}[?25l`));
    expect(output).toContain('The export continues without this terminal.');
  });

  test('has lines on a dumb terminal, which cannot write a line again', async () => {
    const options = { env: { TERM: 'dumb' }, stopAt: /5 of 8 changes/ };
    const { code, output } = await printOnTerminal(watch, options);
    expect(code).toBe(130);
    expect(output).toMatch(/^Delivering: 5 of 8 changes\n/m);
    expect(output).not.toContain(ESCAPE);
  });
});
