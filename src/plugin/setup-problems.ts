import { randomUUID } from 'node:crypto';
import { requireWritingRole } from '../activities/rules/writing-role';
import { errorCode } from '../config/error-code';
import { ExportError, onOneLine } from '../errors';
import type { AccountInfo } from '../ports/mailchimp';
import type { Cancellable, OpenSource } from '../ports/source';
import type { StagingStore } from '../ports/staging-store';

/** Something that exports need and that is not right: one line for a person. */
export interface SetupProblem {
  /** Path in the configuration, e.g. `accounts.main`. */
  readonly at: string;
  readonly code: string;
  readonly message: string;
}

export function describeProblem({ at, code, message }: SetupProblem): string {
  return `${at}: ${code}: ${onOneLine(message)}`;
}

/** @param open opens a source by its name; it is closed here */
export async function sourceProblems(
  names: readonly string[],
  open: (name: string) => Promise<OpenSource>,
  signal?: AbortSignal,
): Promise<SetupProblem[]> {
  const problems: SetupProblem[] = [];
  for (const name of names) {
    const at = `sources.${name}`;
    problems.push(
      ...(await problemsOf(at, async () => {
        const source = await open(name);
        try {
          return await problemsOfSource(at, source, { signal });
        } finally {
          await source.close();
        }
      })),
    );
  }
  return problems;
}

/** What is wrong with an open source. @param at its path in the configuration */
export async function problemsOfSource(
  at: string,
  source: OpenSource,
  call?: Cancellable,
): Promise<SetupProblem[]> {
  const found = await source.findProblems(call);
  return found.map((problem) => toProblem(problem.at === '' ? at : `${at}.${problem.at}`, problem.error));
}

/** Whether Mailchimp accepts the key of an account, and whether its user may write. */
export function accountProblems(
  name: string,
  signIn: (name: string) => Promise<AccountInfo>,
): Promise<SetupProblem[]> {
  return problemsOf(`accounts.${name}`, async () => {
    const { role } = await signIn(name);
    requireWritingRole(name, role);
    return [];
  });
}

/** Whether the URLs and secrets of receivers of alerts can be read and used. */
export async function receiverProblems(
  names: readonly string[],
  check: (name: string) => Promise<void>,
): Promise<SetupProblem[]> {
  const checks = names.map((name) =>
    problemsOf(`alerts.${name}`, async () => {
      await check(name);
      return [];
    }),
  );
  return (await Promise.all(checks)).flat();
}

/** Whether an object can be written and deleted. */
export function storeProblems(store: StagingStore): Promise<SetupProblem[]> {
  const key = `setup-check/${randomUUID()}`;
  return problemsOf('staging', async () => {
    try {
      await store.put(key, 'written and deleted when a worker starts');
      await store.delete(key);
    } catch (error) {
      if (error instanceof ExportError) throw error;
      throw new ExportError(
        'STAGING_FAILED',
        `The staging store cannot be written (${errorCode(error)}). Check its folder and its permissions.`,
      );
    }
    return [];
  });
}

/** What `find` returns, or what it throws as a problem. */
async function problemsOf(at: string, find: () => Promise<SetupProblem[]>): Promise<SetupProblem[]> {
  try {
    return await find();
  } catch (error) {
    return [toProblem(at, error)];
  }
}

function toProblem(at: string, error: unknown): SetupProblem {
  if (error instanceof ExportError) return { at, code: error.code, message: error.message };
  // Its text may quote rows.
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  const name = error instanceof Error ? error.name : typeof error;
  return { at, code: 'UNEXPECTED', message: `It could not be checked: ${name}${code}.` };
}
