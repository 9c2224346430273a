import { isNativeError } from 'node:util/types';
import { ExportError } from '../../errors';
import type { Sandbox, SandboxOptions } from '../../sandbox';
import { lazy } from '../lazy';

/**
 * Starts a sandbox. Its errors have no code, since it imports nothing of the product; they get one here.
 * @param hints.startOver what a user does about a damaged state
 * @param hints.portOption the option that chooses the port
 * @throws ExportError INPUT_INVALID
 */
export async function startSandboxWith(
  options: SandboxOptions,
  { startOver = `delete ${options.keepIn}`, portOption = '--port' } = {},
): Promise<Sandbox> {
  try {
    return await lazy.sandbox().startSandbox(options);
  } catch (error) {
    if (!isNativeError(error)) throw error;
    if ('code' in error && error.code === 'EADDRINUSE') {
      throw new ExportError(
        'INPUT_INVALID',
        `The sandbox cannot listen on 127.0.0.1:${options.port}: the port is in use. Choose another one with ${portOption} (0: a free one), or stop what listens there.`,
        { cause: error },
      );
    }
    if (!error.message.startsWith('sandbox:')) throw error;
    const advice = error.message.startsWith('sandbox: the state file') ? `. To start over: ${startOver}` : '';
    throw new ExportError('INPUT_INVALID', `The sandbox did not start. ${error.message}${advice}`, {
      cause: error,
    });
  }
}
