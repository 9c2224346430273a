import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const SRC = resolve(__dirname, '../../src');

/** Pure functions of other folders that activities call: in files that load no driver and do no I/O. */
const PURE_FILES = ['mailchimp/accounting', 'mailchimp/operations', 'staging/plan/attributes'];

/** What each folder may import at run time; `import type` is free. The table of ARCHITECTURE.md, as the machine reads it. */
const MAY_IMPORT: Record<string, { folders: readonly string[]; packages: readonly string[] }> = {
  errors: { folders: [], packages: [] },
  stopwatch: { folders: [], packages: [] },
  contract: { folders: ['errors'], packages: ['zod'] },
  ports: { folders: [], packages: [] },
  text: { folders: ['contract'], packages: [] },
  config: { folders: ['contract', 'errors'], packages: ['diff', 'yaml', 'zod'] },
  workflows: {
    folders: ['contract', 'errors', 'text'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  duckdb: { folders: ['errors'], packages: ['@duckdb/node-api'] },
  objects: {
    folders: ['errors'],
    packages: ['@aws-sdk/client-s3', '@azure/identity', '@azure/storage-blob'],
  },
  sources: {
    folders: ['config/root-address', 'duckdb', 'errors', 'objects'],
    packages: ['oauth4webapi', 'pg', 'pg-copy-streams', 'read-excel-file', 'zod'],
  },
  staging: { folders: ['contract', 'duckdb', 'errors', 'objects'], packages: [] },
  mailchimp: {
    folders: ['contract', 'errors', 'stopwatch'],
    packages: ['@mailchimp/mailchimp_marketing', 'zod', 'tar-stream'],
  },
  activities: {
    folders: ['contract', 'errors', 'stopwatch', 'text', 'workflows/messages', ...PURE_FILES],
    packages: ['@temporalio/activity', '@temporalio/common'],
  },
  alerts: { folders: ['contract', 'errors', 'text'], packages: [] },
  plugin: {
    folders: [
      'activities',
      'alerts',
      'config',
      'contract',
      'errors',
      'mailchimp',
      'objects',
      'sources',
      'staging',
      'workflows',
    ],
    packages: [
      '@opentelemetry/api',
      '@temporalio/activity',
      '@temporalio/client',
      '@temporalio/plugin',
      '@temporalio/worker',
    ],
  },
  encryption: { folders: ['config', 'errors'], packages: ['zod'] },
  worker: {
    folders: ['config', 'contract', 'encryption', 'errors', 'plugin'],
    packages: ['@temporalio/common', '@temporalio/worker'],
  },
  client: {
    folders: ['contract', 'errors', 'text', 'workflows/messages'],
    packages: ['@temporalio/client', 'zod'],
  },
  index: { folders: ['contract', 'errors', 'plugin'], packages: [] },
  sandbox: { folders: [], packages: ['tar-stream', 'zod'] },
  dev: {
    folders: ['client', 'config', 'contract', 'duckdb', 'errors', 'sandbox', 'text', 'worker'],
    packages: ['@temporalio/client', '@temporalio/testing', 'yaml'],
  },
  nexus: { folders: [], packages: ['@temporalio/nexus', 'nexus-rpc'] },
  testing: { folders: ['duckdb', 'errors', 'sandbox'], packages: [] },
  cli: {
    folders: [
      'client',
      'config',
      'contract',
      'dev',
      'encryption',
      'errors',
      'plugin',
      'sandbox',
      'text',
      'worker',
    ],
    packages: [
      '@clack/core',
      '@clack/prompts',
      '@observablehq/plot',
      '@temporalio/client',
      '@temporalio/envconfig',
      'cli-progress',
      'cli-table3',
      'commander',
      'diff',
      'oauth4webapi',
      'linkedom',
      'string-width',
      'yaml',
      'zod',
    ],
  },
};

interface Import {
  readonly from: string;
  readonly specifier: string;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

const STATEMENT = /^(?:import|export)\s(?!type\s)([^;]*?from\s+)?'([^']+)'/gm;
const CALL = /\b(?:import|require|require\.resolve)\(\s*'([^']+)'\s*\)/g;

function runtimeImports(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const statements = [...text.matchAll(STATEMENT)]
    // `import { type A, type B }` is erased as well.
    .filter(
      ([, names = '']) =>
        !/\{[^}]*\}/.test(names) || /\{(?:\s*(?!type\s)[\w$]+[^,}]*,?|[^}]*,\s*(?!type\s)[\w$]+)/.test(names),
    )
    .map(([, , specifier = '']) => specifier);
  const calls = [...text.matchAll(CALL)].map(([, specifier = '']) => specifier);
  return [...statements, ...calls].map((specifier) => ({ from: file, specifier }));
}

/** Packages and Node modules that a file loads at run time, through the files of ours that it imports. */
function loadedBy(file: string): string[] {
  return runtimeImports(file).flatMap(({ from, specifier }) =>
    specifier.startsWith('.') ? loadedBy(`${resolve(dirname(from), specifier)}.ts`) : [specifier],
  );
}

function folderOf(file: string): string {
  const [first = ''] = relative(SRC, file).split('/');
  return first.replace(/\.ts$/, '');
}

/** A path below `src`, or the name of a package. */
function targetOf({ from, specifier }: Import): string {
  if (specifier.startsWith('.')) return relative(SRC, resolve(dirname(from), specifier));
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Whether the target is what the table allows: a folder, one file of a folder, or a package. */
function isOf(allowed: string, target: string): boolean {
  return target === allowed || target.startsWith(`${allowed}/`);
}

/** A sentence when the import is not allowed. */
function judge({ from, specifier }: Import): string | undefined {
  const folder = folderOf(from);
  const allowed = MAY_IMPORT[folder];
  const where = relative(SRC, from);
  if (!allowed) return `${where}: the folder "${folder}" is not in the import table`;
  if (specifier.startsWith('node:')) {
    const isPure = ['errors', 'contract', 'ports', 'text', 'workflows'].includes(folder);
    return isPure ? `${where} imports ${specifier}, but ${folder} does no I/O` : undefined;
  }
  const target = targetOf({ from, specifier });
  if (specifier.startsWith('.')) {
    return isOf(folder, target) || allowed.folders.some((path) => isOf(path, target))
      ? undefined
      : `${where} imports ${target}, but ${folder} may import only ${allowed.folders.join(', ') || 'nothing of ours'}`;
  }
  return allowed.packages.includes(target)
    ? undefined
    : `${where} imports ${target}, but ${folder} may import only ${allowed.packages.join(', ') || 'no package'}`;
}

describe('the import table', () => {
  const files = sourceFiles(SRC);

  test('holds for every file', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.flatMap(runtimeImports).flatMap((found) => judge(found) ?? [])).toEqual([]);
  });

  test('allows nothing that no file imports', () => {
    const imports = files.flatMap(runtimeImports);
    const unused = Object.entries(MAY_IMPORT).flatMap(([folder, { folders, packages }]) => {
      const targets = imports.filter(({ from }) => folderOf(from) === folder).map(targetOf);
      return [...folders, ...packages]
        .filter((allowed) => !targets.some((target) => isOf(allowed, target)))
        .map((allowed) => `${folder} may import ${allowed}, but does not`);
    });
    expect(unused).toEqual([]);
  });

  test.each(PURE_FILES)('lets activities import %s, which loads no driver and no file system', (file) => {
    const loaded = loadedBy(join(SRC, `${file}.ts`));
    expect(loaded.filter((name) => !['zod', 'node:crypto'].includes(name))).toEqual([]);
  });

  test('sees what a file loads through other files', () => {
    expect(loadedBy(join(SRC, 'mailchimp/account.ts'))).toContain(
      '@mailchimp/mailchimp_marketing/src/ApiClient',
    );
  });

  test('notices a source that reaches into staging, and a workflow that reads a file', () => {
    expect(judge({ from: join(SRC, 'sources/files/csv.ts'), specifier: '../../staging' })).toMatch(
      /sources may import only/,
    );
    expect(judge({ from: join(SRC, 'workflows/export/export.ts'), specifier: 'node:fs' })).toMatch(
      /does no I\/O/,
    );
    expect(judge({ from: join(SRC, 'sandbox/index.ts'), specifier: '../errors' })).toMatch(/nothing of ours/);
  });
});
