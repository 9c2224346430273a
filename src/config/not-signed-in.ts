import { ExportError } from '../errors';

/** For an account whose token is not there: before its first sign-in, and after `account logout`. @param found why, as a sentence */
export function notSignedIn(account: string, found: string): ExportError {
  return new ExportError(
    'SECRET_UNAVAILABLE',
    `The account ${account} is not signed in to Mailchimp. ${found} Sign in: temporal-mailchimp account login ${account}`,
  );
}
