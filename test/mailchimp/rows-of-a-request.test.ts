import { describe, expect, test } from '@jest/globals';
import { ExportError } from '../../src/errors';
import { createRequestSize, type RequestSize, withSize } from '../../src/mailchimp/request-size';

function answer(size: RequestSize, times: number): void {
  for (let sent = 0; sent < times; sent += 1) size.answered();
}

/** How many requests are answered before a larger one is tried. */
function answersBeforeGrowth(size: RequestSize): number {
  const before = size.current();
  let answers = 0;
  for (; size.current() === before && answers < 3_000; answers += 1) size.answered();
  return answers;
}

describe('the rows of a request', () => {
  test('are as many as possible while requests are answered', () => {
    const size = createRequestSize(500);
    answer(size, 100);
    expect(size.current()).toBe(500);
  });

  test('are half as many after a request that was too large, and never less than 25', () => {
    const size = createRequestSize(500);
    const sizes = [500, 250, 125, 62, 31, 25, 10].map((rows) => {
      size.tooLarge(rows);
      return size.current();
    });
    expect(sizes).toEqual([250, 125, 62, 31, 25, 25, 25]);
  });

  test('are halved once by requests that were sent together, and not raised by the last of them', () => {
    const size = createRequestSize(500);
    for (let sent = 0; sent < 4; sent += 1) size.tooLarge(500);
    expect(size.current()).toBe(250);
    size.tooLarge(250);
    size.tooLarge(500);
    expect(size.current()).toBe(125);
  });

  test('are not fewer because a request of 25 rows or less was slow', () => {
    const size = createRequestSize(500);
    size.tooLarge(25);
    size.tooLarge(3);
    expect(size.current()).toBe(500);
    size.tooLarge(26);
    expect(size.current()).toBe(25);
  });

  test('are twice as many after twenty answers in a row, up to the most', () => {
    const size = createRequestSize(500);
    size.tooLarge(240);
    answer(size, 19);
    expect(size.current()).toBe(120);
    answer(size, 1);
    expect(size.current()).toBe(240);
    answer(size, 20);
    expect(size.current()).toBe(480);
    answer(size, 20);
    expect(size.current()).toBe(500);
  });

  test('grow by answers since the last failure only', () => {
    const size = createRequestSize(500);
    size.tooLarge(500);
    answer(size, 19);
    size.tooLarge(250);
    expect(answersBeforeGrowth(size)).toBe(20);
  });

  test('grow later by one failure of the larger request, not by each of those that were sent together', () => {
    const size = createRequestSize(500);
    size.tooLarge(500);
    answer(size, 20);
    for (let sent = 0; sent < 4; sent += 1) size.tooLarge(500);
    expect(answersBeforeGrowth(size)).toBe(40);
  });

  test('grow as soon after the first failure, however many requests were answered before', () => {
    const size = createRequestSize(500);
    answer(size, 100);
    size.tooLarge(500);
    expect(answersBeforeGrowth(size)).toBe(20);
  });

  test('grow later each time that the larger request fails, after 1,000 answers at the latest', () => {
    const size = createRequestSize(500);
    size.tooLarge(500);
    const answers = Array.from({ length: 8 }, () => {
      const before = answersBeforeGrowth(size);
      size.tooLarge(500);
      return before;
    });
    expect(answers).toEqual([20, 40, 80, 160, 320, 640, 1_000, 1_000]);
  });
});

const unavailable = (details: Record<string, string | number>) =>
  new ExportError('MAILCHIMP_UNAVAILABLE', 'No answer.', { details });

/** The limit after a request of 500 rows that failed. */
async function failing(error: Error): Promise<number> {
  const size = createRequestSize(500);
  const send = async () => {
    throw error;
  };
  await expect(withSize(size, 500, send)).rejects.toBe(error);
  return size.current();
}

describe('a request', () => {
  test('has fewer rows after a timeout, 502 or 504, and as many after any other failure', async () => {
    expect(await failing(unavailable({ class: 'timeout' }))).toBe(250);
    expect(await failing(unavailable({ status: 502 }))).toBe(250);
    expect(await failing(unavailable({ status: 504 }))).toBe(250);
    expect(await failing(unavailable({ status: 503 }))).toBe(500);
    expect(await failing(unavailable({ class: 'network' }))).toBe(500);
    expect(await failing(new Error('not ours'))).toBe(500);
  });

  test('counts as answered with its result', async () => {
    const size = createRequestSize(500);
    size.tooLarge(500);
    for (let sent = 0; sent < 20; sent += 1) expect(await withSize(size, 250, async () => sent)).toBe(sent);
    expect(size.current()).toBe(500);
  });
});
