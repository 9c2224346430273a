import { ExportError, isExportErrorCode } from '../../../errors';
import { describeProblems } from '../../config/problems';
import { lazy } from '../../lazy';
import { LONGEST_NAME } from '../../shell/options';
import { answered, type Draft, type Setup, type Step } from '../setup';

/** The identity under which the source is read, and the person who answers for it. */
export const exportUser: Step = {
  title: 'Add yourself as export user',
  answer: async (setup, draft) => {
    const { identity } = answered(draft, 'read');
    const person = await personOf(setup, draft);
    const unreadable = await requireReadAccess(setup, answered(draft, 'source'), identity);
    return { ...draft, exportUser: withIdentity(person, identity), unreadable };
  },
  summary: (draft) => [['Export user', answered(draft, 'exportUser')]],
};

async function personOf(setup: Setup, draft: Draft): Promise<string> {
  const { options, prompts } = setup;
  const { identity } = answered(draft, 'read');
  if (options.exportUser !== undefined) return options.exportUser;
  const before = draft.exportUser ?? (await setup.viewOf(answered(draft, 'destinationId')))?.exportUser;
  const known = before && withoutIdentity(before, identity);
  if (prompts && identity !== undefined)
    setup.invocation.terminal.err(`\nThe source "${answered(draft, 'source')}" is read by: ${identity}.`);
  const name = await prompts?.text({
    message: 'Add yourself as export user: your name',
    initial: known ?? draft.agreedBy,
    check: (text) =>
      text !== '' && withIdentity(text, identity).length <= LONGEST_NAME
        ? undefined
        : `A name is needed, of at most ${LONGEST_NAME} characters with the identity that reads the source.`,
  });
  return name ?? answered(draft, 'agreedBy');
}

function withIdentity(person: string, identity: string | undefined): string {
  return identity === undefined ? person : `${withoutIdentity(person, identity)} (${identity})`;
}

function withoutIdentity(exportUserName: string, identity: string | undefined): string {
  const end = ` (${identity ?? ''})`;
  return exportUserName.endsWith(end) ? exportUserName.slice(0, -end.length) : exportUserName;
}

/**
 * Opens every table and every query of the source, as an export does.
 * @returns segments that cannot be read, with the reason; the others can be exported
 * @throws ExportError when the profiles cannot be read
 */
async function requireReadAccess(
  setup: Setup,
  name: string,
  identity: string | undefined,
): Promise<Readonly<Record<string, string>>> {
  const { config, baseFolder } = setup.file;
  const { problems } = await lazy.reading().inspectSource(config, { name, baseFolder });
  const at = `sources.${name}`;
  const [first] = problems.filter((problem) => [at, `${at}.profiles`].includes(problem.at));
  if (first) {
    throw new ExportError(
      isExportErrorCode(first.code) ? first.code : 'SOURCE_UNREADABLE',
      `The source "${name}" cannot be read${identity === undefined ? '' : ` by ${identity}`}:\n${describeProblems(problems)}`,
    );
  }
  if (problems.length > 0)
    setup.invocation.terminal.err(
      `Parts of the source "${name}" cannot be read:\n${describeProblems(problems)}`,
    );
  const segments = `${at}.segments.`;
  return Object.fromEntries(
    problems
      .filter((problem) => problem.at.startsWith(segments))
      .map((problem) => [problem.at.slice(segments.length), problem.message]),
  );
}
