import { styleText } from 'node:util';

/** What a text is printed on. */
export interface Page {
  /** Undefined where no terminal breaks the lines: in a pipe or a file, lines have any length. */
  readonly columns?: number;
  readonly isColoured: boolean;
}

export const PLAIN_PAGE: Page = { isColoured: false };

/** `styleText` knows NO_COLOR, FORCE_COLOR, NODE_DISABLE_COLORS and TERM=dumb, and colours no pipe by itself. */
export function pageOf(
  stream: NodeJS.WritableStream & { readonly columns?: number; readonly isTTY?: boolean },
): Page {
  const { columns, isTTY } = stream;
  return {
    isColoured: styleText('bold', 'x', { stream }) !== 'x',
    // Some pseudo-terminals report a width of 0.
    ...(isTTY === true && columns !== undefined && columns > 0 && { columns }),
  };
}

const FORMATS = { heading: 'bold', good: 'green', warning: 'yellow', bad: 'red' } as const;

export type Tone = keyof typeof FORMATS;

/** The text in the colour of its tone, where the page has colours. */
export function toned({ isColoured }: Page, tone: Tone, text: string): string {
  return isColoured ? styleText(FORMATS[tone], text, { validateStream: false }) : text;
}
