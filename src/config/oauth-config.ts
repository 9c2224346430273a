import { z } from 'zod';

/** The path that every app of `account login` registers; the port is a setting. */
const CALLBACK_PATH = '/oauth/mailchimp/callback';

const DEFAULT_REDIRECT_PORT = 4567;

/** Requests to Mailchimp carry the client secret; only on this machine may they be unencrypted. */
const ENCRYPTED_OR_LOCAL = /^(?:https:\/\/|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?:[:/]|$))/i;

/** @param reference how the token and the client secret are named */
export function oauthSchema(reference: z.ZodType<string, string>) {
  return z.strictObject({
    token: reference.describe(
      'The token, by reference. `account login` writes it to the file of file:PATH, which only its owner may read.',
    ),
    clientId: z
      .string()
      .regex(/^[\w.-]+$/, 'the client id of your registered app, in quotes')
      .optional()
      .describe('Client id of your registered app in Mailchimp, for `account login`. A worker needs none.'),
    clientSecret: reference
      .optional()
      .describe(
        'Client secret of the app, by reference: env:VARIABLE or file:PATH. For `account login`; a worker needs none.',
      ),
    redirectPort: z
      .int()
      .min(1)
      .max(65_535)
      .default(DEFAULT_REDIRECT_PORT)
      .describe(
        `Port of the redirect URI of the app, on this machine: http://127.0.0.1:${DEFAULT_REDIRECT_PORT}${CALLBACK_PATH}. Mailchimp compares the whole text.`,
      ),
    loginUrl: z
      .url({ protocol: /^https?$/, error: 'a URL that starts with https:// or http://' })
      .regex(ENCRYPTED_OR_LOCAL, 'a URL that starts with https://; http:// only to this machine')
      .default('https://login.mailchimp.com')
      .describe('Where users sign in. Only for the sandbox.'),
  });
}
export type OauthConfig = z.infer<ReturnType<typeof oauthSchema>>;

/** The redirect URI that the registered app must have, to the letter. */
export function redirectUriOf({ redirectPort }: Pick<OauthConfig, 'redirectPort'>): string {
  return `http://127.0.0.1:${redirectPort}${CALLBACK_PATH}`;
}
