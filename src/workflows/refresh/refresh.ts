import {
  ContinueAsNew,
  condition,
  isCancellation,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Answer } from '../../activities/ask-destinations';
import { parseEndedExport, refreshedBy, type EndedExport } from '../../contract/ended-export';
import { parse } from '../../contract/parse';
import {
  RefreshInputSchema,
  type RefreshedDestination,
  type RefreshInput,
  type RefreshReport,
  type RefreshRequest,
} from '../../contract/refresh';
import { countOf } from '../../text/format';
import { autoUpgrade } from '../auto-upgrade';
import { toFailure } from '../failure';
import { exportEndedSignal } from '../messages';
import { recordRefresh } from '../metrics';
import { refreshSteps } from '../steps';
import { answersOf } from './answers';
import { inSlices, mayBeAsked, nextAtMs, toCheck } from './choose';
import { describeInMarkdown } from './current-details';
import { toReport } from './report';
import {
  newRefresh,
  toCarried,
  withCheck,
  withLine,
  withOpen,
  withSilence,
  type Asked,
  type RefreshState,
  type Target,
} from './state';
import { scheduleIdOf, scheduleOf, triggerOf } from './trigger';

/**
 * Exports one, several or all destinations of its task queue, and reports what became of each: what a Temporal Schedule starts. Asks each
 * destination for one export, whatever is repeated. Fails only when no destination could be asked.
 */
export async function mailchimpRefresh(input: RefreshInput, carried?: RefreshState): Promise<RefreshReport> {
  try {
    const request = parse(RefreshInputSchema, input, { what: 'The input of the refresh' });
    const refresh = new Refresh(request, carried ?? newRefresh(Date.now(), triggerOf(workflowInfo())));
    return await refresh.run();
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    throw toFailure(error);
  }
}

autoUpgrade(mailchimpRefresh);

class Refresh {
  readonly #request: RefreshRequest;
  #state: RefreshState;
  /** Exports that ended before the answer of their destination has arrived. Null: no answer is due. */
  #early: EndedExport[] | null = null;

  constructor(request: RefreshRequest, state: RefreshState) {
    this.#request = request;
    this.#state = state;
    setHandler(exportEndedSignal, (signal) => this.#end(parseEndedExport(signal)), {
      description: 'An export has ended',
    });
  }

  async run(): Promise<RefreshReport> {
    if (!this.#state.isListed) await this.#list();
    this.#show();
    while (this.#isOpen() && Date.now() < this.#endsAtMs) {
      if (workflowInfo().continueAsNewSuggested)
        await makeContinueAsNewFunc<typeof mailchimpRefresh>()(this.#request, toCarried(this.#state));
      await this.#step();
    }
    // What a lost signal did not say.
    for (const due of inSlices(this.#state.open)) await this.#check(due);
    await extendSchedule();
    const report = toReport(this.#state);
    recordRefresh(report);
    return report;
  }

  #isOpen(): boolean {
    return this.#state.toAsk.length + this.#state.open.length > 0;
  }

  get #endsAtMs(): number {
    return this.#state.startedAtMs + this.#request.longestMinutes * 60_000;
  }

  async #step(): Promise<void> {
    const targets = mayBeAsked(this.#state, this.#request.atOnce, Date.now());
    if (targets.length > 0) return this.#ask(targets);
    const due = toCheck(this.#state, Date.now());
    if (due.length > 0) return this.#check(due);
    const before = this.#state;
    const untilMs = Math.min(nextAtMs(before, Date.now()), this.#endsAtMs);
    await condition(() => this.#state !== before, untilMs - Date.now(), {
      summary: `${countOf(before.open.length, 'export')} running; until the next check`,
    });
  }

  async #list(): Promise<void> {
    const { targets } = this.#request;
    const listed = await refreshSteps('List the destinations')['mailchimp.listDestinations']({ targets });
    const { targets: toAsk, left, unreadable: lines = [] } = listed;
    this.#update((state) => ({ ...state, isListed: true, toAsk, left, lines: [...state.lines, ...lines] }));
  }

  async #ask(targets: readonly Target[]): Promise<void> {
    const { workflowId, firstExecutionRunId } = workflowInfo();
    const schedule = scheduleOf(workflowInfo());
    const steps = refreshSteps(`Ask ${countOf(targets.length, 'destination')} for an export`);
    this.#early = [];
    const answers = await answersOf(targets, () =>
      steps['mailchimp.askDestinations']({
        destinationIds: targets.map(({ destinationId }) => destinationId),
        refreshId: firstExecutionRunId,
        workflowId,
        startedAtMs: this.#state.startedAtMs,
        trigger: this.#state.trigger,
        ...(schedule && { schedule }),
        again: targets.flatMap(({ destinationId, first }) => (first ? [destinationId] : [])),
        whenSourceChanged: this.#request.whenSourceChanged,
      }),
    );
    this.#update((state) => answers.reduce((now, { item, answer }) => withAnswer(now, item, answer), state));
    const early = this.#early;
    this.#early = null;
    for (const ended of early) this.#end(ended);
  }

  async #check(due: readonly Asked[]): Promise<void> {
    const steps = refreshSteps(`Check ${countOf(due.length, 'export')}`);
    const exports = due.map(({ destinationId, exportId, number }) => ({ destinationId, exportId, number }));
    const answers = await answersOf(due, () => steps['mailchimp.checkExports']({ exports }));
    this.#update((state) => answers.reduce((now, { item, answer }) => withChecked(now, item, answer), state));
  }

  /** Repeats, and what the refresh does not wait for, change nothing. */
  #end(ended: EndedExport | undefined): void {
    if (!ended) return;
    if (this.#state.open.some(({ requested }) => requested === ended.requested))
      this.#update((state) => withLine(state, refreshedBy(ended)));
    else this.#early?.push(ended);
  }

  #update(change: (state: RefreshState) => RefreshState): void {
    this.#state = change(this.#state);
    this.#show();
  }

  #show(): void {
    const { lines, open, toAsk, left } = this.#state;
    const { namespace } = workflowInfo();
    setCurrentDetails(
      describeInMarkdown({ destinations: lines, open, toAsk: toAsk.length, left, namespace }),
    );
  }
}

/** Gives the schedule that has started this refresh the clock changes of further years, now and then. */
async function extendSchedule(): Promise<void> {
  const scheduleId = scheduleIdOf(workflowInfo());
  if (scheduleId === undefined) return;
  try {
    await refreshSteps('Look at the clock changes ahead')['mailchimp.extendSchedule']({ scheduleId });
  } catch (error) {
    // The next refresh tries again, for two years.
    if (isCancellation(error)) throw error;
  }
}

function withAnswer(state: RefreshState, target: Target, answer: Answer): RefreshState {
  switch (answer.kind) {
    case 'line':
      // The joined export has found all there is.
      return withLine(state, isStillUpToDate(answer.line) && target.first ? target.first : answer.line);
    case 'open':
      return withOpen(state, target, answer);
    case 'silent':
      return withSilence(state, target, answer.failure);
    default:
      return answer satisfies never;
  }
}

function isStillUpToDate({ skipped }: RefreshedDestination): boolean {
  return skipped === 'source_unchanged';
}

function withChecked(state: RefreshState, { destinationId, requested }: Asked, answer: Answer): RefreshState {
  // A signal was faster.
  if (!state.open.some((asked) => asked.requested === requested)) return state;
  if (answer.kind === 'line') return withLine(state, answer.line);
  return withCheck(state, destinationId, answer.kind === 'open' ? answer : undefined);
}
