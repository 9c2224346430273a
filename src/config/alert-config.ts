import { z } from 'zod';
import { ALERT_EVENTS, DEFAULT_ALERT_EVENTS, type AlertEvent } from '../contract/alert';
import { DestinationIdSchema, NameSchema } from '../contract/identifiers';
import { readRejectLimit } from '../contract/rejects';
import { CustomReferenceSchema, SecretReferenceSchema } from './secret-reference';

const REJECTS_ABOVE = 'a number of profiles, or a share of the selected ones such as 1%';

const OPTIONS = {
  on: z
    .array(z.enum(ALERT_EVENTS))
    .min(1)
    .default([...DEFAULT_ALERT_EVENTS])
    .describe('What to send. Default: all but completed. rejects: completed, with more than rejectsAbove.'),
  rejectsAbove: z
    .union(
      [z.int().min(0), z.string().refine((text) => readRejectLimit(text) !== undefined, REJECTS_ABOVE)],
      REJECTS_ABOVE,
    )
    .default('1%')
    .describe(
      'Profiles that may be invalid, refused, throttled or unproven without an alert: a number, or a share of the selected ones.',
    ),
  destinations: z
    .array(DestinationIdSchema)
    .min(1)
    .optional()
    .describe('Only of these destinations, and of those with one of the labels. Default: of all.'),
  labels: z
    .array(NameSchema)
    .min(1)
    .optional()
    .describe('Only of destinations with one of these labels, and of those that are named.'),
};

/** @param reference how the URL and the signing secret are named */
function receiverSchema(reference: z.ZodType<string, string>) {
  const url = reference.describe(
    'The URL, by reference: env:VARIABLE or file:PATH. It is a secret: anyone who has it can post there. https://; http:// only to this machine.',
  );
  return z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('webhook').describe('Standard Webhooks: signed JSON.'),
      url,
      secret: reference.describe(
        'The signing secret, by reference: whsec_ and 24 to 64 bytes in base64; several, separated by spaces, while it is replaced.',
      ),
      ...OPTIONS,
    }),
    z.strictObject({ kind: z.literal('slack').describe('An incoming webhook of Slack.'), url, ...OPTIONS }),
    z.strictObject({
      kind: z.literal('teams').describe('A webhook of a workflow in Microsoft Teams.'),
      url,
      ...OPTIONS,
    }),
  ]);
}

const ReceiverSchema = receiverSchema(SecretReferenceSchema);
export type ReceiverConfig = z.output<typeof ReceiverSchema>;

const WHAT = 'Receivers of alerts, by name.';
export const AlertsSchema = z.record(NameSchema, ReceiverSchema).default({}).describe(WHAT);
/** The same with references that only a SecretResolver of the host's own understands. */
export const CustomAlertsSchema = z
  .record(NameSchema, receiverSchema(CustomReferenceSchema))
  .default({})
  .describe(WHAT);
export type AlertsConfig = z.output<typeof AlertsSchema>;

/** Where alerts go. */
export interface ReceiverInput {
  /** `webhook`: Standard Webhooks, signed JSON. `slack`: an incoming webhook. `teams`: a webhook of a workflow. */
  readonly kind: 'webhook' | 'slack' | 'teams';
  /** The URL, by reference. It is a secret: anyone who has it can post there. `https://`; `http://` only to this machine. */
  readonly url: string;
  /** Of a `webhook`: the signing secret, by reference. `whsec_` and 24 to 64 bytes in base64; several, separated by spaces, while it is replaced. */
  readonly secret?: string;
  /** What to send. @defaultValue all but `completed` */
  readonly on?: readonly AlertEvent[] | undefined;
  /** Profiles that may be invalid, refused, throttled or unproven without an alert: a number, or a share of the selected ones. @defaultValue `1%` */
  readonly rejectsAbove?: number | string | undefined;
  /** Only of these destinations, and of those with one of the labels. @defaultValue of all */
  readonly destinations?: readonly string[] | undefined;
  /** Only of destinations with one of these labels, and of those that are named. */
  readonly labels?: readonly string[] | undefined;
}
