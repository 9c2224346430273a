import { z } from 'zod';

/** A Mailchimp API key after the colon. */
const LOOKS_LIKE_KEY = /^(?:[a-z][a-z0-9+.-]*):[0-9a-f]{32}(?:-[a-z]+[0-9]+)?$/i;

/** A reference to a secret: its text never appears in a configuration file, a message or Temporal's history. */
export const SecretReferenceSchema = z
  .string()
  .regex(
    /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/,
    'a reference to a secret, env:VARIABLE or file:PATH, and not its text',
  )
  // Messages quote the reference and stay in Temporal's history, so a pasted key must be refused.
  .refine(
    (reference) => !LOOKS_LIKE_KEY.test(reference),
    'a reference, and this looks like the key itself: put the key into a variable or a file, and name that',
  )
  .describe('env:VARIABLE or file:PATH. The worker reads it at each attempt.');

/** A reference for a SecretResolver of the host's own. */
export const CustomReferenceSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9+.-]*:.+$/i,
    'a reference to a secret, SCHEME:NAME, in the words of your SecretResolver, and never its text',
  )
  .refine(
    (reference) => !LOOKS_LIKE_KEY.test(reference),
    'a reference, and this looks like the key itself: name it instead',
  );
