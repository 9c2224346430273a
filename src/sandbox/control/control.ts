import type { FaultRule } from '../faults';
import type { Account } from '../model/account';
import type { Act } from '../model/act';
import type { World } from '../world';
import type { AudienceState, MemberState, MemberStateFilter } from './report';
import type { Audience } from '../model/audience';
import { perform } from '../model/act';
import { parseFault } from '../fault-text';
import { patchSettings, type SettingsPatch } from '../settings';
import { audienceState, memberStates, worldState } from './report';

/** Controls the sandbox from outside the API: in the same process, and over `/_sandbox/`. */
export class Control {
  readonly #world: World;
  readonly #pump: (account: Account) => void;

  /** @param pump starts the batches of an account that can start */
  constructor(world: World, pump: (account: Account) => void) {
    this.#world = world;
    this.#pump = pump;
  }

  /** The complete state except the members. */
  state(): object {
    return worldState(this.#world);
  }

  /** Counts of every audience, of all accounts. */
  audiences(): AudienceState[] {
    return this.#world.accounts.flatMap(({ audiences }) => Array.from(audiences.values(), audienceState));
  }

  /** @throws Error for an unknown audience */
  audience(id: string): AudienceState {
    return audienceState(this.#audience(id));
  }

  /** @throws Error for an unknown audience */
  members(id: string, filter?: MemberStateFilter): Generator<MemberState> {
    return memberStates(this.#audience(id), filter);
  }

  /** @throws Error when the text is not a fault */
  fail(rule: FaultRule | string): void {
    this.#world.faults.add(typeof rule === 'string' ? parseFault(rule) : rule);
  }

  /** Removes all pending faults. */
  clearFaults(): void {
    this.#world.faults.clear();
  }

  /** Lets every batch that a fault keeps in one state move on. */
  releaseBatches(): void {
    for (const account of this.#world.accounts) {
      for (const batch of account.batches.values()) {
        batch.stuckIn = undefined;
        batch.wake?.();
      }
      this.#pump(account);
    }
  }

  /** Resets the request counters. */
  clearRequests(): void {
    this.#world.counters.clear();
    for (const account of this.#world.accounts) account.maxConcurrent = 0;
  }

  /** @throws Error for an unknown audience or contact */
  act(act: Act): void {
    perform(this.#audience(act.audience), act, this.#world.seconds());
  }

  /** @throws Error that names an unknown setting or switch; nothing is changed then */
  set(patch: SettingsPatch): void {
    patchSettings(this.#world.settings, patch);
    for (const account of this.#world.accounts) for (const batch of account.batches.values()) batch.wake?.();
  }

  #audience(id: string): Audience {
    const audience = this.#world.audience(id);
    if (!audience) throw new Error(`the sandbox has no audience '${id}'`);
    return audience;
  }
}
