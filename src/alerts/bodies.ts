import type { Alert } from '../contract/alert';
import { exportWorkflowId, destinationWorkflowId } from '../contract/identifiers';
import { describeAlert } from '../text/describe-alert';
import { workflowUrl } from '../text/web-ui';

/** @param webUi undefined: not known, so there is no link */
export function linkOf({ notice }: Alert, webUi: string | undefined, namespace: string): string | undefined {
  if (webUi === undefined) return undefined;
  const { destinationId } = notice;
  const workflowId = notice.export ? exportWorkflowId(destinationId) : destinationWorkflowId(destinationId);
  return workflowUrl(webUi, { namespace, workflowId });
}

/** What the alert is about, as Standard Webhooks names types: those of a destination outlive its exports. */
function typeOf({ event }: Alert): string {
  return `${event === 'recovered' || event === 'stale' ? 'destination' : 'export'}.${event}`;
}

/** Thin: ids, counts and codes. Who wants to know more asks Temporal. */
export function webhookBody(alert: Alert, link: string | undefined): string {
  const { notice, isTest } = alert;
  const { at, destinationId, name, export: job, code, guards, counts, recoveredFrom, stale } = notice;
  const { title, sentence } = describeAlert(alert);
  return JSON.stringify({
    type: typeOf(alert),
    timestamp: at,
    data: {
      destination: { id: destinationId, name },
      ...(job && { export: { id: job.exportId, kind: job.kind, number: job.number } }),
      ...(code !== undefined && { code }),
      ...(guards && { guards }),
      ...(counts && { counts }),
      ...(recoveredFrom && { recoveredFrom }),
      ...(stale && { stale }),
      text: `${title}. ${sentence}`,
      ...(link !== undefined && { webUi: link }),
      ...(isTest && { test: true }),
    },
  });
}

/** The characters that Slack takes for control sequences: mentions and links. */
function inSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Slack refuses a longer header. */
const SLACK_HEADER = 150;

function mrkdwn(text: string) {
  return { type: 'mrkdwn', text, verbatim: true };
}

/** `verbatim` and `plain_text`: no name becomes a link or a mention. */
export function slackBody(alert: Alert, link: string | undefined): string {
  const { title, sentence, facts } = describeAlert(alert);
  return JSON.stringify({
    text: inSlack(title),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: title.slice(0, SLACK_HEADER), emoji: false },
      },
      ...(sentence === '' ? [] : [{ type: 'section', text: mrkdwn(inSlack(sentence)) }]),
      {
        type: 'section',
        fields: facts.map(([name, value]) => mrkdwn(`*${name}*\n${inSlack(value)}`)),
      },
      ...(link === undefined
        ? []
        : [{ type: 'context', elements: [mrkdwn(`<${inSlack(link)}|Temporal Web UI>`)] }]),
    ],
  });
}

function richText(...runs: readonly { readonly text: string; readonly weight?: 'bolder' }[]) {
  return { type: 'RichTextBlock', inlines: runs.map((run) => ({ type: 'TextRun', ...run })) };
}

/** An Adaptive Card, as Teams takes it. Text blocks of a card are Markdown; text runs are not, so no name becomes a link. */
export function teamsBody(alert: Alert, link: string | undefined): string {
  const { title, sentence, facts } = describeAlert(alert);
  return JSON.stringify({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            richText({ text: title, weight: 'bolder' }),
            ...(sentence === '' ? [] : [richText({ text: sentence })]),
            ...facts.map(([name, value]) =>
              richText({ text: `${name}: `, weight: 'bolder' }, { text: value }),
            ),
          ],
          ...(link !== undefined && {
            actions: [{ type: 'Action.OpenUrl', title: 'Temporal Web UI', url: link }],
          }),
        },
      },
    ],
  });
}
