import { describe, expect, test } from '@jest/globals';
import { webUiOf, workflowUrl } from '../../src/text/web-ui';

describe('the Web UI of a server', () => {
  test.each([
    ['my-namespace.a1b2c.tmprl.cloud:7233', 'https://cloud.temporal.io'],
    ['us-east-1.aws.api.temporal.io:7233', 'https://cloud.temporal.io'],
    ['127.0.0.1:7233', 'http://127.0.0.1:8233'],
    ['localhost:7300', 'http://localhost:8300'],
    ['[::1]:7233', 'http://[::1]:8233'],
    ['localhost', 'http://localhost:8233'],
    ['temporal.example.org:7233', undefined],
    ['tmprl.cloud.example.org:7233', undefined],
    ['localhost.example.org:7233', undefined],
  ])('at %s is %s', (address, url) => {
    expect(webUiOf(address)?.url).toBe(url);
  });

  test('is not certain only where it is a dev server', () => {
    expect(webUiOf('x.tmprl.cloud:7233')?.isLikely).toBe(false);
    expect(webUiOf('127.0.0.1:7233')?.isLikely).toBe(true);
  });
});

describe('the page of a workflow', () => {
  const page = { namespace: 'a b', workflowId: 'mailchimp/news/export' };

  test('has its names encoded', () => {
    expect(workflowUrl('http://127.0.0.1:8233', page)).toBe(
      'http://127.0.0.1:8233/namespaces/a%20b/workflows/mailchimp%2Fnews%2Fexport',
    );
  });

  test('may name a run, and be below a path', () => {
    expect(workflowUrl('https://ui.example.org/temporal/', { ...page, runId: 'r1' })).toBe(
      'https://ui.example.org/temporal/namespaces/a%20b/workflows/mailchimp%2Fnews%2Fexport/r1/history',
    );
  });
});
