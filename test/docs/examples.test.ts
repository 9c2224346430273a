import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ConfigSchema } from '../../src/config/config';
import { compile } from './compile';
import {
  bareExampleTags,
  examplesIn,
  examplesInDocstrings,
  examplesInGuides,
  ROOT,
  type Example,
} from './examples-in-text';

const EXAMPLES = [...examplesInGuides(), ...examplesInDocstrings()];
const written = (...languages: string[]) => EXAMPLES.filter(({ language }) => languages.includes(language));

describe('the examples of README, guides and docstrings', () => {
  test('compile in TypeScript as they stand, against the built package by its name', async () => {
    const examples = written('ts', 'typescript');
    expect(examples.length).toBeGreaterThanOrEqual(9);
    expect(await compile(examples)).toEqual([]);
  });

  test('are all in a language that is checked', () => {
    // SQL is that of the page of PostgreSQL, whose test runs it.
    const checked = ['ts', 'yaml', 'sh', 'json', 'sql'];
    const others = EXAMPLES.filter(({ language }) => !checked.includes(language));
    expect(others).toEqual([]);
    expect(bareExampleTags()).toEqual([]);
  });

  test('are valid configurations in YAML', () => {
    const examples = written('yaml', 'yml');
    expect(examples.length).toBeGreaterThanOrEqual(2);
    expect(examples.flatMap(problemsOf)).toEqual([]);
  });
});

describe('an example that is wrong', () => {
  const [example] = examplesIn(
    'guide.md',
    "A text.\n\n```ts\nimport { ExportClient } from 'temporal-mailchimp/client';\n\nconst exporting = new ExportClient({ client });\nexporting.begin('newsletter');\n```\n",
  );

  test('fails with its place, in TypeScript', async () => {
    expect(await compile([example!])).toEqual([
      expect.stringMatching(/^guide\.md:3\(4,11\): error TS2339: Property 'begin' does not exist/),
    ]);
  });

  test.each([
    ['accounts:\n  main:\n    key: secret\n', /key/],
    ['configure:\n  segment: { vip: VIP }\n', /segment/],
    ['configure:\n  fields: [FNAME\n', /unreadable/],
    ['schedule:\n  daily: 02:30\n', /daily/],
    ['guards:\n  removalShare: 0.2\n', /guards/],
  ])('fails in YAML: %j', (code, problem) => {
    expect(problemsOf({ where: 'guide.md:1', language: 'yaml', code })).toEqual([
      expect.stringMatching(problem),
    ]);
  });
});

/** What is wrong with a YAML example: a configuration file, sections of one, or a part of a destination. */
function problemsOf({ where, code }: Example): string[] {
  try {
    const result = ConfigSchema.safeParse(inAFile(parseYaml(code) as Record<string, unknown>));
    return result.success ? [] : [`${where}: ${z.prettifyError(result.error)}`];
  } catch (error) {
    return [`${where}: unreadable: ${String(error)}`];
  }
}

/** Completes an example with the sections of the first one, as a reader does. */
function inAFile(example: Record<string, unknown>): unknown {
  const { connect, configure, schedule, ...sections } = example;
  const complete = firstConfiguration();
  const { newsletter } = complete.destinations;
  const destinations = {
    newsletter: {
      connect: { ...newsletter.connect, ...(connect as object) },
      configure: { ...newsletter.configure, ...(configure as object) },
      ...(schedule !== undefined && { schedule }),
    },
  };
  return { ...complete, ...(connect || configure || schedule ? { destinations } : {}), ...sections };
}

interface Configuration extends Record<string, unknown> {
  readonly destinations: { readonly newsletter: { readonly connect: object; readonly configure: object } };
}

function firstConfiguration(): Configuration {
  const [first] = examplesIn('README.md', readFileSync(join(ROOT, 'README.md'), 'utf8')).filter(
    ({ language }) => language === 'yaml',
  );
  return parseYaml(first!.code) as Configuration;
}
