import { ExportError } from '../../errors';

/** What ended a sign-in before there was a token. */
type Reason = 'denied' | 'state' | 'code' | 'client' | 'port' | 'timeout' | 'reply' | 'unreachable';

/** @param message what came back, and what to do: whole sentences */
export function signInFailed(account: string, reason: Reason, message: string): ExportError {
  return new ExportError(
    'SIGN_IN_FAILED',
    `Could not sign in to the account ${account}: ${message} Nothing was changed.`,
    { details: { account, reason } },
  );
}
