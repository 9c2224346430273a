import { Runtime } from '@temporalio/worker';
import type { Resources } from './resources';
import {
  accountProblems,
  describeProblem,
  receiverProblems,
  sourceProblems,
  storeProblems,
  type SetupProblem,
} from './setup-problems';

export interface SetupCheck {
  /** Resolves when it has let go of sources and store. What Mailchimp does not answer is not waited for. */
  readonly stop: () => Promise<void>;
}

/**
 * Checks accounts, receivers of alerts, sources and the store once, when a worker starts, and logs one line for each problem. The worker runs whatever it finds:
 * what is missing may come, and other destinations do not need it.
 */
export function reportSetup({ setup }: Pick<Resources, 'setup'>): SetupCheck {
  const stopping = new AbortController();
  const { signal } = stopping;
  const { logger } = Runtime.instance();
  const report = async (checks: Promise<SetupProblem[]>): Promise<number> => {
    const problems = await checks;
    if (!signal.aborted)
      for (const problem of problems) logger.warn(`temporal-mailchimp: ${describeProblem(problem)}`);
    return problems.length;
  };
  const local = checkLocal(setup, signal).map(report);
  const accounts = setup.accounts.map((name) => report(accountProblems(name, setup.signIn)));
  const confirm = async () => {
    const counts = await Promise.all([...local, ...accounts]);
    if (!signal.aborted && counts.every((count) => count === 0))
      logger.info('temporal-mailchimp: accounts, sources and staging store are ready');
  };
  void confirm();
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(local);
    },
  };
}

function checkLocal(
  { receivers, checkReceiver, sources, openSource, store }: Resources['setup'],
  signal: AbortSignal,
): readonly Promise<SetupProblem[]>[] {
  return [
    storeProblems(store),
    receiverProblems(receivers, checkReceiver),
    sourceProblems(sources, openSource, signal),
  ];
}
