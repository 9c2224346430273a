import { expect, test } from '@jest/globals';
import { DownloadRefused, openUrl, resultsUrl } from '../../src/mailchimp/download';
import { serve } from './support';

const REAL = 'https://us21.api.mailchimp.com/3.0';

test.each([
  ['https://storage.googleapis.com/x/y-response.tar.gz?Signature=z', REAL, true],
  ['https://storage.googleapis.com/x', 'http://127.0.0.1:9000/3.0', true],
  ['http://127.0.0.1:9000/x', 'http://127.0.0.1:9000/3.0', true],
  ['http://127.0.0.1:9000/x', 'http://localhost:9000/3.0', true],
  ['http://169.254.169.254/latest/meta-data', 'http://127.0.0.1:9000/3.0', false],
  ['http://storage.googleapis.com/x', 'http://proxy.internal/3.0', false],
  ['http://storage.googleapis.com/x', REAL, false],
  ['file:///etc/passwd', 'http://127.0.0.1:9000/3.0', false],
  ['ftp://storage.test/x', REAL, false],
  ['nonsense', REAL, false],
])('the results URL %s, in a reply of %s, is allowed: %s', (url, base, allowed) => {
  expect(resultsUrl(url, base) !== undefined).toBe(allowed);
});

test('a redirect is not followed', async () => {
  const base = await serve((_, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  });
  await expect(openUrl(new URL(base), 1000)).rejects.toEqual(new DownloadRefused(302));
});

test('a download fails when the host does not begin to answer in time', async () => {
  const base = await serve(() => {});
  await expect(openUrl(new URL(base), 50)).rejects.toThrow('no reply in time');
});
