import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../..');

/** A fenced block of a text, with the place where a reader finds it. */
export interface Example {
  /** Path and line, e.g. `README.md:27`. */
  readonly where: string;
  readonly language: string;
  readonly code: string;
}

/** Examples of README and guides; not of the reference, which repeats those of the docstrings. */
export function examplesInGuides(): Example[] {
  const guides = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...guides.map((name) => `docs/${name}`)].flatMap((file) =>
    examplesIn(file, readFileSync(join(ROOT, file), 'utf8')),
  );
}

/** Examples of the docstrings of every source file. */
export function examplesInDocstrings(): Example[] {
  return sourceFiles().flatMap((file) =>
    docstringsIn(file).flatMap(({ text, line }) => examplesIn(file, text, line)),
  );
}

/** Places of `@example` tags that are not followed by a fenced block: nothing would compile them. */
export function bareExampleTags(): string[] {
  return sourceFiles().flatMap((file) =>
    docstringsIn(file)
      .filter(({ text }) => /@example(?!\s*\n```)/.test(text))
      .map(({ line }) => `${file}:${line}`),
  );
}

export function examplesIn(file: string, text: string, firstLine = 1): Example[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(({ 1: language = '', 2: code = '', index }) => ({
    where: `${file}:${firstLine + linesIn(text.slice(0, index))}`,
    language,
    code,
  }));
}

function docstringsIn(file: string): { readonly text: string; readonly line: number }[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  return [...source.matchAll(/\/\*\*\n(.*?)\*\//gs)].map(({ 1: body = '', index }) => ({
    text: body.replaceAll(/^ *\* ?/gm, ''),
    line: linesIn(source.slice(0, index)) + 2,
  }));
}

function linesIn(text: string): number {
  return text.split('\n').length - 1;
}

function sourceFiles(): string[] {
  return readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}
