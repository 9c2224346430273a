import { isNativeError } from 'node:util/types';
import { ExportError } from '../../errors';
import type { Sandbox, SandboxOptions } from '../../sandbox';
import { lazy } from '../lazy';

/** Starts a sandbox; it imports nothing of ours, so its refusals get their code here. @throws ExportError INPUT_INVALID */
export async function startSandboxWith(options: SandboxOptions): Promise<Sandbox> {
  try {
    return await lazy.sandbox().startSandbox(options);
  } catch (error) {
    if (!isNativeError(error)) throw error;
    if ('code' in error && error.code === 'EADDRINUSE') {
      throw new ExportError(
        'INPUT_INVALID',
        `The sandbox cannot listen on 127.0.0.1:${options.port}: the port is in use. Choose another, or leave it out for a free one.`,
        { cause: error },
      );
    }
    if (!error.message.startsWith('sandbox:')) throw error;
    throw new ExportError('INPUT_INVALID', `The sandbox did not start. ${error.message}`, { cause: error });
  }
}
