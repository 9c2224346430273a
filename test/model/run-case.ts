import { expect } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox';
import type { Answer } from './answer';
import { expectedBaseline } from './baseline';
import { worldOf, type Case } from './arbitrary';
import { exportOnce } from './model';
import { exportOrRemove, isRemoved } from './removal';
import { audienceOf, membersOf } from './scene';
import { pick } from './sets';
import {
  act,
  changeProfile,
  forgetAll,
  PLAIN_EXPORT,
  PLAIN_ORDER,
  THROTTLED_MS,
  toggleField,
  toggleSegment,
  type Order,
  type Step,
} from './steps';
import type { Profile, World } from './world';

/** One destination with a Mailchimp of its own; what is behind it, a case need not know. */
export interface Exporter {
  readonly sandbox: Sandbox;
  readonly audience: string;
  writeProfiles(profiles: Iterable<Profile>): Promise<void>;
  connect(statusIfNew: string): Promise<void>;
  configure(world: World): Promise<void>;
  export(order: Order): Promise<Answer>;
  /** Removes it, with contacts as they are; nothing is connected afterwards. */
  remove(): Promise<void>;
  passTime(minutes: number): void;
  /** Whatever a case needs to be there while it runs. */
  during<Result>(work: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Takes the steps of a case at once in the model and for real, and compares after each export. One more export at the end shows
 * whether the values, which a baseline keeps as hashes, are those of the model.
 *
 * @returns the outcomes that occurred
 */
export async function runCase(
  given: Case,
  open: (world: World, given: Case) => Promise<Exporter>,
): Promise<readonly string[]> {
  const world = worldOf(given, Date.now());
  const exporter = await open(world, given);
  try {
    return await exporter.during(() => takeSteps(world, exporter, [...given.steps, PLAIN_EXPORT]));
  } finally {
    await exporter.close();
  }
}

/** The first export detects that Mailchimp ignores part of what it acknowledges, unless everything arrived. */
export async function runFirstExport(
  given: Case,
  open: (world: World, given: Case) => Promise<Exporter>,
): Promise<readonly string[]> {
  const world = worldOf(given, Date.now());
  const exporter = await open(world, given);
  const { sandbox, audience } = exporter;
  try {
    await setUp(world, exporter);
    const before = membersOf(sandbox, audience);
    const { result, unanswered } = await exporter.export(PLAIN_ORDER);
    const after = membersOf(sandbox, audience);
    if (result.status !== 'PROVIDER_DIFFERS')
      exportOnce(world, { ...PLAIN_ORDER, unanswered, isCancelled: false });
    const isFirst = (address: string) =>
      result.status === 'PROVIDER_DIFFERS' && unanswered(address) === 'unproven';
    // A single row that Mailchimp cannot read may be at fault itself.
    const isUnreadable = (address: string) =>
      result.subjects.some((subject) => subject.endsWith(`, ${address}: rejected schema`));
    const others = (members: Readonly<Record<string, string>>) =>
      pick(members, (address) => !isFirst(address) && !isUnreadable(address));
    expect(others(after)).toEqual(
      others(result.status === 'PROVIDER_DIFFERS' ? before : audienceOf(world.members)),
    );
    expect(pick(after, isUnreadable)).toEqual(pick(before, isUnreadable));
    return [result.status];
  } finally {
    await exporter.close();
  }
}

async function setUp(world: World, exporter: Exporter): Promise<void> {
  const { sandbox, audience } = exporter;
  for (const email of world.throttledUntil.keys())
    sandbox.control.act({ audience, email, action: 'throttle', seconds: THROTTLED_MS / 1000 });
  await exporter.writeProfiles(world.profiles.values());
  await exporter.connect(world.statusIfNew);
  await exporter.configure(world);
}

async function takeSteps(
  world: World,
  exporter: Exporter,
  steps: readonly Step[],
): Promise<readonly string[]> {
  await setUp(world, exporter);
  const outcomes: string[] = [];
  for (const step of steps) {
    world.now = Date.now();
    if (step.do === 'export') outcomes.push(...(await compareExport(world, exporter, step.order)));
    else await prepare(world, exporter, step);
  }
  return outcomes;
}

async function compareExport(world: World, exporter: Exporter, order: Order): Promise<readonly string[]> {
  const { sandbox, audience } = exporter;
  const answer = await exporter.export(order);
  sandbox.clearFaults();
  const { unanswered, result } = answer;
  const expected = exportOrRemove(world, {
    ...order,
    unanswered,
    isCancelled: result.status === 'cancelled' && order.cancelled !== undefined,
  });
  expect(result).toEqual(expected);
  if (result.subjects.length > 0) for (const tag of Object.values(world.config.segments)) world.made.add(tag);
  expect(answer.sum).toBe(answer.subjects);
  expect(membersOf(sandbox, audience)).toEqual(audienceOf(world.members));
  if (answer.created) learnCreated(world, answer.created, order);
  if (answer.baseline) expect(answer.baseline).toEqual(expectedBaseline(world));
  expect(answer.isRemoved).toBe(isRemoved(order, expected));
  if (answer.isRemoved) await connectAgain(world, exporter);
  return expected.subjects.map((subject) => /: (\w+)[^:]*$/.exec(subject)?.[1] ?? subject);
}

async function connectAgain(world: World, exporter: Exporter): Promise<void> {
  forgetAll(world);
  await exporter.connect(world.statusIfNew);
  await exporter.configure(world);
}

/** A contact that the model has created may not be one provably: a reply that was lost has said so. Never the other way around. */
function learnCreated(world: World, created: ReadonlySet<string>, { trouble, cancelled }: Order): void {
  const isExact = trouble === undefined && cancelled === undefined;
  for (const [address, known] of world.held) {
    const isProven = created.has(address);
    if (isExact || isProven) expect(`${address} ${known.isCreated}`).toBe(`${address} ${isProven}`);
    known.isCreated = isProven;
  }
}

async function prepare(
  world: World,
  exporter: Exporter,
  step: Exclude<Step, { do: 'export' }>,
): Promise<void> {
  const { sandbox, audience } = exporter;
  switch (step.do) {
    case 'profiles':
      for (const { person, change } of step.changes) changeProfile(world, person, change);
      return exporter.writeProfiles(world.profiles.values());
    case 'remove':
      await exporter.remove();
      return connectAgain(world, exporter);
    case 'toggle field':
      toggleField(world);
      return exporter.configure(world);
    case 'toggle segment':
      toggleSegment(world, step.segment);
      return exporter.configure(world);
    case 'choose leavers':
      world.config = { ...world.config, leavers: step.leavers };
      return exporter.configure(world);
    case 'act': {
      const profiles = [...world.profiles.values()];
      const { address: email } = profiles[step.person % profiles.length]!;
      if (!act(world, email, step)) return;
      return sandbox.control.act({
        audience,
        email,
        seconds: THROTTLED_MS / 1000,
        mergeFields: { FNAME: 'Edited' },
        ...step,
      });
    }
    default:
      exporter.passTime(step.minutes);
  }
}
