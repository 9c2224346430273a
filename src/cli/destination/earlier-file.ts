import type { Config } from '../../config/config';
import { ExportError, type ExportErrorCode } from '../../errors';

/** What a request names of the configuration file. */
interface Named {
  readonly account?: string | undefined;
  readonly source?: string | undefined;
  readonly segments?: readonly string[];
}

/**
 * A worker reads the configuration file once, when it starts. When it does not know what the file has by now, its refusal gets the reason.
 * @throws ExportError as the request does
 */
export async function explainEarlierFile<Result>(
  request: Promise<Result>,
  config: Config | undefined,
  named: Named,
): Promise<Result> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof ExportError) || !config || !isInFile(error.code, config, named)) throw error;
    const { code, message, details } = error;
    const reason =
      'The configuration file has it: the worker has read an earlier version of the file. Restart the worker (or dev), then repeat this command.';
    throw new ExportError(code, `${message}\n${reason}`, { cause: error, details });
  }
}

function isInFile(
  code: ExportErrorCode,
  { accounts, sources }: Config,
  { account, source, segments = [] }: Named,
): boolean {
  if (code === 'ACCOUNT_NOT_FOUND') return account !== undefined && Object.hasOwn(accounts, account);
  if (source === undefined || !Object.hasOwn(sources, source)) return false;
  if (code === 'SOURCE_NOT_FOUND') return true;
  const known = sources[source]?.segments ?? {};
  return (
    code === 'SEGMENT_NOT_FOUND' &&
    segments.length > 0 &&
    segments.every((segment) => Object.hasOwn(known, segment))
  );
}
