import {
  allHandlersFinished,
  condition,
  ContinueAsNew,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  GoneSchema,
  LeaseRequestSchema,
  PaceSchema,
  ReleaseSchema,
  type AccountBudget,
  type Gone,
  type Lease,
  type LeaseRequest,
  type PaceRequest,
  type Release,
} from '../../contract/account-budget';
import { parse, tryParse } from '../../contract/parse';
import { autoUpgrade } from '../auto-upgrade';
import { toFailure } from '../failure';
import { budgetQuery, goneSignal, leaseUpdate, paceUpdate, releaseSignal } from '../messages';
import { validating } from '../request-validation';
import { describeBudget } from './current-details';
import {
  budgetOf,
  grantFor,
  isIdle,
  isKnown,
  LEASE_SECONDS,
  NEW_BUDGET,
  nextEndMs,
  processesBeside,
  toView,
  withGrant,
  withoutEnded,
  withoutProcesses,
  withPace,
  withRelease,
  withRequest,
  type BudgetState,
  type Grant,
} from './state';

export interface AccountInput {
  /** Names of the account in the configuration of the worker that has started it, for people. */
  readonly accounts: readonly string[];
}

/** Without holders, it ends after this time: the next export starts it again. */
const IDLE_MS = 3 * 60_000;

/** The server takes 2,000 updates in a run. */
const MOST_LEASES = 1_000;

/** The server has ten updates of a workflow in flight; `pace` and new holders need room. */
const MOST_WAITING = 6;

/** A holder that has what it may have waits so long for a change. One without connections asks again sooner, so that turns end in time. */
const WAIT_MS = 20_000;
const EMPTY_WAIT_MS = 10_000;

/** After new connections: most exports are over by then, and need no further request. */
const RENEW_SECONDS = 2;
/** For a holder that cannot wait here. */
const POLL_SECONDS = 10;
const HUNGRY_POLL_SECONDS = 5;

/**
 * Divides the connections of one Mailchimp user among the worker processes of one task queue. Each process asks with an update, holds what it
 * is given until its lease ends, and asks again while it has work. Started by the first request, and ends when it is idle.
 */
export async function mailchimpAccount(
  input: AccountInput,
  carried: BudgetState = NEW_BUDGET,
): Promise<void> {
  try {
    await new Account(input, carried).run();
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    throw toFailure(error);
  }
}

autoUpgrade(mailchimpAccount);

class Account {
  readonly #input: AccountInput;
  #state: BudgetState;
  #leases = 0;
  #waiting = 0;
  #isEnding = false;

  constructor(input: AccountInput, state: BudgetState) {
    this.#input = input;
    this.#state = state;
    setHandler(leaseUpdate, (request) => this.#lease(request), {
      description: 'A worker process asks for connections',
      validator: validating((request) => {
        parse(LeaseRequestSchema, request, { what: 'The request for connections' });
      }),
    });
    setHandler(paceUpdate, (request) => this.#pace(request), {
      description: 'Changes how many connections the account may have',
      validator: validating((request) => {
        parse(PaceSchema, request, { what: 'The pace' });
      }),
    });
    setHandler(releaseSignal, (release) => this.#release(release), {
      description: 'A worker process gives its connections back',
    });
    setHandler(goneSignal, (gone) => this.#forget(gone), {
      description: 'Worker processes have ended without giving back',
    });
    setHandler(budgetQuery, () => toView(this.#state, Date.now()), {
      description: 'Budget, holders and those that wait',
    });
  }

  async run(): Promise<void> {
    this.#show();
    while (await this.#isNeeded()) {
      if (this.#mustContinue()) await this.#continueAsNew();
      await this.#waitForEndOfLease();
      this.#update((state) => withoutEnded(state, Date.now()));
    }
  }

  /** Or for the first lease, where only a pace is kept. One timer for all renewals before its end: they are many. */
  async #waitForEndOfLease(): Promise<void> {
    const endMs = () => nextEndMs(this.#state, Date.now());
    const isOver = () => isIdle(this.#state, Date.now()) || this.#mustContinue();
    const end = endMs();
    if (end === undefined) await condition(() => endMs() !== undefined || isOver());
    else await condition(isOver, end - Date.now(), { summary: 'until the next lease may end' });
  }

  /** False once it has been idle for a while, and nothing waits for an answer. */
  async #isNeeded(): Promise<boolean> {
    while (isIdle(this.#state, Date.now())) {
      const isBusy = () => !isIdle(this.#state, Date.now());
      const options = { summary: 'idle; then this workflow ends' };
      if (await condition(isBusy, IDLE_MS, options)) return true;
      if (allHandlersFinished()) return false;
    }
    return true;
  }

  #mustContinue(): boolean {
    return this.#leases >= MOST_LEASES || workflowInfo().continueAsNewSuggested;
  }

  async #continueAsNew(): Promise<never> {
    this.#isEnding = true;
    await condition(allHandlersFinished);
    return makeContinueAsNewFunc<typeof mailchimpAccount>()(
      this.#input,
      withoutEnded(this.#state, Date.now()),
    );
  }

  async #lease(given: LeaseRequest): Promise<Lease> {
    const request = parse(LeaseRequestSchema, given, { what: 'The request for connections' });
    this.#leases += 1;
    this.#update((state) => withRequest(state, request, Date.now()));
    const mayWait = request.waits && this.#waiting < MOST_WAITING && request.inUse <= request.connections;
    const hasWaitedInVain = mayWait && !(await this.#waitForChange(request));
    return this.#answer(request, hasWaitedInVain);
  }

  /** @returns whether there was one */
  async #waitForChange(request: LeaseRequest): Promise<boolean> {
    const untilMs = Date.now() + (request.connections > 0 ? WAIT_MS : EMPTY_WAIT_MS);
    const summary = 'until the connections of a holder change';
    this.#waiting += 1;
    try {
      // Checked again after each wait: what is free may be given to another holder that waits, in the same moment.
      while (!this.#mayAnswer(request)) {
        const leftMs = untilMs - Date.now();
        if (leftMs <= 0) return false;
        await condition(() => this.#mayAnswer(request), leftMs, { summary });
      }
      return true;
    } finally {
      this.#waiting -= 1;
    }
  }

  #mayAnswer(request: LeaseRequest): boolean {
    if (this.#isEnding || !isKnown(this.#state, request)) return true;
    const { connections, isContended } = this.#grantFor(request);
    return connections !== request.connections || isContended !== request.isContended;
  }

  #grantFor({ holder }: LeaseRequest): Grant {
    return grantFor(this.#state, holder, Date.now());
  }

  #answer(request: LeaseRequest, hasWaitedInVain: boolean): Lease {
    const nowMs = Date.now();
    const budget = budgetOf(this.#state, nowMs) ?? request.configured;
    // Replaced by a later request, or there is no room: this answer gives nothing.
    if (!isKnown(this.#state, request))
      return { connections: 0, budget, seconds: 0, renewAfterSeconds: POLL_SECONDS, isContended: true };
    const { connections, isContended } = this.#grantFor(request);
    this.#update((state) => withGrant(state, request.holder, { connections, nowMs }));
    return {
      connections,
      budget,
      seconds: LEASE_SECONDS,
      renewAfterSeconds: hasWaitedInVain ? 0 : renewAfter(request, connections),
      isContended,
      ...(connections === 0 && { others: processesBeside(this.#state, request.holder, nowMs) }),
    };
  }

  #pace(given: PaceRequest): AccountBudget {
    const request = parse(PaceSchema, given, { what: 'The pace' });
    this.#update((state) => withPace(state, request, Date.now()));
    return toView(this.#state, Date.now());
  }

  /** A signal cannot be refused. */
  #release(given: Release): void {
    const { data } = tryParse(ReleaseSchema, given);
    if (data) this.#update((state) => withRelease(state, data));
  }

  #forget(given: Gone): void {
    const { data } = tryParse(GoneSchema, given);
    if (data) this.#update((state) => withoutProcesses(state, data));
  }

  #update(change: (state: BudgetState) => BudgetState): void {
    this.#state = change(this.#state);
    this.#show();
  }

  #show(): void {
    setCurrentDetails(describeBudget(this.#input.accounts, toView(this.#state, Date.now())));
  }
}

function renewAfter({ connections: before, wants, inUse }: LeaseRequest, connections: number): number {
  // It asks as soon as it has given back what it has to.
  if (connections < before || inUse > connections) return 0;
  if (connections > before) return RENEW_SECONDS;
  return connections < wants ? HUNGRY_POLL_SECONDS : POLL_SECONDS;
}
