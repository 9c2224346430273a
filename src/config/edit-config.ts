import { isDeepStrictEqual } from 'node:util';
import { applyPatch, structuredPatch } from 'diff';
import { isAlias, isMap, isScalar, parse, parseDocument, type Document, type ToStringOptions } from 'yaml';
import { ExportError } from '../errors';

/** A part of the configuration, by the names that lead to it, and what it is to be. */
export interface ConfigEdit {
  readonly at: readonly string[];
  /** A text, a number, a list, or names with their values; those that it does not name are removed. Undefined: the part is removed. */
  readonly value: unknown;
}

/**
 * The text of a configuration file with some parts changed. Comments, order and form of all others stay; a part that is as wanted already is
 * not touched, so that the same edits a second time change nothing.
 * @param text valid YAML, or nothing
 * @throws ExportError CONFIG_INVALID where a part is an alias of another one
 */
export function editConfig(text: string, edits: readonly ConfigEdit[]): string {
  const form = formOf(text);
  const document = parseDocument(text);
  const before = document.toString(form);
  for (const edit of edits) set(document, edit);
  const after = document.toString(form);
  if (after === before) return text;
  return keepForm({ text, before, after }) ?? after;
}

/** The printer writes one form only. Its changes are made in the text as it was, where they fit there. */
function keepForm(versions: {
  readonly text: string;
  readonly before: string;
  readonly after: string;
}): string | undefined {
  const { text, before, after } = versions;
  const patch = structuredPatch('', '', before, after, '', '', { context: 1 });
  const kept = applyPatch(text, patch, {
    compareLine: (...[, line, , other]: [number, string, string, string]) =>
      squeezed(line) === squeezed(other),
  });
  return kept !== false && isDeepStrictEqual(parse(kept), parse(after)) ? kept : undefined;
}

/** Blanks are what the printer changes. @param line undefined where a patch is longer than the text */
function squeezed(line: string | undefined): string | undefined {
  return line?.replaceAll(/\s/g, '');
}

function formOf(text: string): ToStringOptions {
  const [, indent = '  '] = /^[^\s#].*:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*( +)/m.exec(text) ?? [];
  return { lineWidth: 0, indent: indent.length };
}

function set(document: Document, { at, value }: ConfigEdit): void {
  refuseAlias(document, at);
  fillEmptySections(document, at);
  const node: unknown = document.getIn(at, true);
  if (value === undefined) {
    document.deleteIn(at);
    return;
  }
  if (isMap(node) && isRecord(value)) {
    for (const key of Object.keys(node.toJS(document) as object)) {
      if (value[key] === undefined) document.deleteIn([...at, key]);
    }
    for (const [key, part] of Object.entries(value)) {
      if (part !== undefined) set(document, { at: [...at, key], value: part });
    }
    return;
  }
  if (isScalar(node) && (typeof value !== 'object' || value === null)) {
    if (node.value !== value) node.value = value;
    return;
  }
  const present = node as { toJS?: (document: Document) => unknown } | undefined;
  if (present?.toJS && isDeepStrictEqual(present.toJS(document), value)) return;
  document.setIn(at, document.createNode(value));
}

/** `destinations:` without a value has nothing to add to. */
function fillEmptySections(document: Document, at: readonly string[]): void {
  for (let length = 1; length < at.length; length += 1) {
    const path = at.slice(0, length);
    const node: unknown = document.getIn(path, true);
    if (isScalar(node) && node.value === null) document.setIn(path, document.createNode({}));
    // What comes into it would be written on one line.
    if (isMap(node) && node.flow === true && node.items.length === 0) node.flow = false;
  }
}

/** To change what an alias stands for would change other parts too. */
function refuseAlias(document: Document, at: readonly string[]): void {
  for (let length = 1; length <= at.length; length += 1) {
    const path = at.slice(0, length);
    if (!isAlias(document.getIn(path, true))) continue;
    throw new ExportError(
      'CONFIG_INVALID',
      `${path.join('.')} of the configuration file is an alias (*), which is not changed here. Write the part itself in its place.`,
    );
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
