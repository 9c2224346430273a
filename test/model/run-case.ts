import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox';
import type { Answer, ForgetAnswer, Named } from './answer';
import { expectedBaseline } from './baseline';
import { worldOf, type Case } from './arbitrary';
import { forget } from './forgetting';
import { exportOnce } from './model';
import { exportOrRemove, isRemoved, OPEN, outcomesOf } from './removal';
import { audienceOf } from './audience';
import { membersOf } from './scene';
import { mustBeAsBefore } from './restored';
import { pick } from './sets';
import { lift, suppress } from './suppression';
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
import { takeBack } from './taking-back';
import { verify, type VerifyResult } from './verification';
import type { EntryKind, Ended, ForgetOrder, Profile, SuppressionList, World } from './world';

/** One destination with a Mailchimp of its own; what is behind it, a case need not know. */
export interface Exporter {
  readonly sandbox: Sandbox;
  readonly audience: string;
  writeProfiles(profiles: Iterable<Profile>): Promise<void>;
  connect(statusIfNew: string): Promise<void>;
  configure(world: World): Promise<void>;
  /** @param undoes number of the export that it takes back */
  export(order: Order, undoes?: number): Promise<Answer>;
  verify(asked: { readonly repair: boolean }): Promise<VerifyResult>;
  /** @param named the person by address or key */
  forget(named: Named, order: ForgetOrder): Promise<ForgetAnswer>;
  suppress(list: SuppressionList, entry: string): Promise<void>;
  /** @param entry default: all of them */
  lift(list: SuppressionList, entry?: string): Promise<void>;
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
    const unreadable = [...world.profiles.values()]
      .filter(({ key, text }) => result.subjects.includes(`${key}, ${text}: rejected schema`))
      .map(({ address }) => address);
    const isUnreadable = (address: string) => unreadable.includes(address);
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
    if (step.do === 'export') outcomes.push(...(await compareExports(world, exporter, step.order)));
    else if (step.do === 'verify') outcomes.push(...(await compareVerification(world, exporter, step)));
    else if (step.do === 'forget') await compareForgetting(world, exporter, step);
    else await prepare(world, exporter, step);
  }
  return outcomes;
}

/** Also a second undo, which changes nothing. */
async function compareExports(world: World, exporter: Exporter, order: Order): Promise<readonly string[]> {
  if (order.undo === undefined) return (await compareExport(world, exporter, { order })).outcomes;
  const undone = world.history.at(-1 - order.undo);
  // It has no export so far back.
  if (!undone) return [];
  const asBefore = mustBeAsBefore(world, undone);
  const first = await compareExport(world, exporter, { order, undone });
  const isWhole = first.status === 'completed' && !first.outcomes.some((one) => OPEN.includes(one));
  if (isWhole) expect(membersOf(exporter.sandbox, exporter.audience)).toMatchObject(asBefore);
  if (!isWhole || !order.isRepeated) return [...first.outcomes, `undo ${first.status}`];
  const audience = membersOf(exporter.sandbox, exporter.audience);
  const again = await compareExport(world, exporter, { order: PLAIN_ORDER, undone });
  expect(again).toMatchObject({ status: 'completed', remains: first.remains });
  expect(membersOf(exporter.sandbox, exporter.audience)).toEqual(audience);
  return [...first.outcomes, `undo ${first.status}`, 'undo repeated'];
}

interface Ending {
  readonly status: string;
  readonly outcomes: readonly string[];
  readonly remains: Answer['remains'];
}

async function compareExport(
  world: World,
  exporter: Exporter,
  { order, undone }: { readonly order: Order; readonly undone?: Ended },
): Promise<Ending> {
  const { sandbox, audience } = exporter;
  const answer = await exporter.export(order, undone?.number);
  sandbox.clearFaults();
  const { unanswered, result, number, remains } = answer;
  const asked = {
    ...order,
    unanswered,
    number,
    isCancelled: result.status === 'cancelled' && order.cancelled !== undefined,
  };
  const expected = undone ? takeBack(world, asked, undone) : exportOrRemove(world, asked);
  expect(result).toEqual(expected);
  if (result.subjects.length > 0) for (const tag of Object.values(world.config.segments)) world.made.add(tag);
  expect(answer.sum).toBe(answer.subjects);
  expect(membersOf(sandbox, audience)).toEqual(audienceOf(world.members));
  if (answer.created) learnCreated(world, answer.created, order);
  if (answer.baseline) expect(answer.baseline).toEqual(expectedBaseline(world));
  expect(answer.isRemoved).toBe(isRemoved(order, expected));
  if (answer.isRemoved) await connectAgain(world, exporter);
  return { status: expected.status, outcomes: outcomesOf(expected), remains };
}

async function compareVerification(
  world: World,
  exporter: Exporter,
  asked: { readonly repair: boolean },
): Promise<readonly string[]> {
  const { sandbox, audience } = exporter;
  const expected = verify(world, asked);
  expect(await exporter.verify(asked)).toEqual(expected);
  expect(membersOf(sandbox, audience)).toEqual(audienceOf(world.members));
  return expected.drift.map((one) => `drift ${one.slice(0, one.indexOf(':'))}`);
}

async function compareForgetting(world: World, exporter: Exporter, order: ForgetOrder): Promise<void> {
  const { sandbox, audience } = exporter;
  const profile = personOf(world, order.person);
  const addresses = forget(world, profile, order);
  const named = order.by === 'key' ? { key: profile.key } : { email: textOf(profile) };
  const { isKeptOut } = await exporter.forget(named, order);
  expect(isKeptOut).toBe(order.keepOut && addresses.length > 0);
  expect(membersOf(sandbox, audience)).toEqual(audienceOf(world.members));
}

function personOf({ profiles }: World, person: number): Profile {
  const all = [...profiles.values()];
  return all[person % all.length]!;
}

/** As a person would write the address. */
function textOf({ text, rule, address }: Profile): string {
  return rule === null ? text : address;
}

/** As people write it on a suppression list. */
function entryOf({ address, ...profile }: Profile, kind: EntryKind): string {
  return kind === 'address'
    ? textOf({ ...profile, address })
    : createHash(kind).update(address).digest('hex');
}

async function connectAgain(world: World, exporter: Exporter): Promise<void> {
  forgetAll(world);
  await exporter.connect(world.statusIfNew);
  await exporter.configure(world);
}

/** A contact that the model has created may not be one provably: a reply that was lost has said so. Never the other way around. */
function learnCreated(world: World, created: ReadonlySet<string>, { trouble, cancelled }: Order): void {
  const isExact = trouble === undefined && cancelled === undefined;
  const ended = world.history.at(-1)?.after;
  for (const [address, known] of world.held) {
    const isProven = created.has(address);
    if (isExact || isProven) expect(`${address} ${known.isCreated}`).toBe(`${address} ${isProven}`);
    for (const one of [known, ended?.get(address)]) if (one) one.isCreated = isProven;
  }
}

async function prepare(
  world: World,
  exporter: Exporter,
  step: Exclude<Step, { do: 'export' | 'verify' | 'forget' }>,
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
    case 'suppress':
    case 'lift': {
      const { list, kind } = step;
      const profile = personOf(world, step.person);
      const change = step.do === 'suppress' ? suppress : lift;
      change(world, list, { address: profile.address, kind });
      return exporter[step.do](list, entryOf(profile, kind));
    }
    case 'lift all':
      world.suppressed[step.list].clear();
      return exporter.lift(step.list);
    case 'choose leavers':
      world.config = { ...world.config, leavers: step.leavers };
      return exporter.configure(world);
    case 'act': {
      const { address: email } = personOf(world, step.person);
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
