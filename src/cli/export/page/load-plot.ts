import type * as PlotModule from '@observablehq/plot';
import type * as LinkedomModule from 'linkedom';
import { ExportError } from '../../../errors';

/** Of the DOM, as much as charts need: TypeScript knows only what Node has. */
export interface DrawnElement {
  readonly outerHTML: string;
  textContent: string | null;
  setAttribute(name: string, value: string): void;
  prepend(...children: readonly DrawnElement[]): void;
}

interface DrawingDocument {
  createElementNS(namespace: string, name: string): DrawnElement;
}

export interface Drawing {
  readonly Plot: typeof PlotModule;
  /** What charts are drawn in. */
  readonly document: DrawingDocument;
}

/** `require`, since the packages are installed only by those who want charts. @throws ExportError INPUT_INVALID where they are not */
export function loadPlot(): Drawing {
  try {
    const Plot = require('@observablehq/plot') as typeof PlotModule;
    const { parseHTML } = require('linkedom') as typeof LinkedomModule;
    const { document } = parseHTML('<!doctype html><html><body></body></html>');
    return { Plot, document };
  } catch (error) {
    throw new ExportError(
      'INPUT_INVALID',
      'A page with charts needs the packages @observablehq/plot and linkedom, which are not installed. Install them beside this package ' +
        '(npm install @observablehq/plot linkedom), or pass --markdown, which needs none.',
      { cause: error },
    );
  }
}
