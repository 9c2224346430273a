// The published rules of a source, as tests of this one.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { segmentSourceContract } from 'temporal-mailchimp/testing';
import { CrmSource } from './crm-source.js';

const rules = segmentSourceContract(async (content) => {
  let current = content;
  const server = createServer((_, response) => response.end(JSON.stringify(current)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    source: new CrmSource(`http://127.0.0.1:${port}`),
    change: async (next) => {
      current = next;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
});

for (const { name, run } of rules) void test(name, run);
