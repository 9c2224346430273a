/** Programs of a host that uses each entry, by file. */
export const PROGRAMS = {
  'entries.mjs': `
    import * as plugin from 'temporal-mailchimp';
    import * as client from 'temporal-mailchimp/client';
    import * as workflows from 'temporal-mailchimp/workflows';
    import * as sandbox from 'temporal-mailchimp/sandbox';
    import * as testing from 'temporal-mailchimp/testing';
    const entries = { plugin, client, workflows, sandbox, testing };
    const named = (entry) => Object.keys(entry).filter((name) => !['default', 'module.exports', '__esModule'].includes(name));
    console.log(JSON.stringify(Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, named(entry).sort()]))));`,
  'entries.cjs': `
    const entries = {
      plugin: require('temporal-mailchimp'),
      client: require('temporal-mailchimp/client'),
      workflows: require('temporal-mailchimp/workflows'),
      sandbox: require('temporal-mailchimp/sandbox'),
      testing: require('temporal-mailchimp/testing'),
    };
    console.log(JSON.stringify(Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, Object.keys(entry).sort()]))));`,
  'client.mjs': `
    import { CONSENT_TEXT, ExportClient } from 'temporal-mailchimp/client';
    console.log(typeof ExportClient, CONSENT_TEXT.version.length > 0);`,
  'types.ts': `
    import { Client } from '@temporalio/client';
    import { Worker } from '@temporalio/worker';
    import { type ExportReport, MailchimpPlugin } from 'temporal-mailchimp';
    import { ExportClient } from 'temporal-mailchimp/client';
    import { startSandbox } from 'temporal-mailchimp/sandbox';
    import { segmentSourceContract } from 'temporal-mailchimp/testing';
    import { mailchimpDestination } from 'temporal-mailchimp/workflows';
    export const plugin = new MailchimpPlugin({ accounts: { main: { apiKey: 'env:KEY' } }, sources: {} });
    export const worker = Worker.create({ taskQueue: 'mailchimp', plugins: [plugin] });
    export const exports_ = new ExportClient({ client: new Client() });
    export const created = (report: ExportReport): number => report.outcomes.created;
    export const url: Promise<string> = startSandbox().then((sandbox) => sandbox.url);
    export const used = [mailchimpDestination, segmentSourceContract];
    // @ts-expect-error -- a type that the compiler did not find would accept everything
    new MailchimpPlugin({ nonsense: true });
    // @ts-expect-error
    new ExportClient({ client: 1 });`,
  'tsconfig.node16.json': tsconfig({ module: 'node16', moduleResolution: 'node16' }),
  'tsconfig.bundler.json': tsconfig({ module: 'esnext', moduleResolution: 'bundler' }),
};

function tsconfig(options: object): string {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    noEmit: true,
    ...options,
  };
  return JSON.stringify({ compilerOptions, files: ['types.ts'] });
}
