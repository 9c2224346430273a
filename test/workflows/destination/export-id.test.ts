import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { uuidOf } from '../../../src/workflows/destination/export-id';

describe('the id of a job', () => {
  test('is a UUID, and the same at each replay', () => {
    const id = uuidOf('run/newsletter/export/1/1764406038573');
    expect(z.uuid().parse(id)).toBe(uuidOf('run/newsletter/export/1/1764406038573'));
  });

  test('differs for another destination, number or millisecond', () => {
    const names = ['a', 'b', 'newsletter', 'newsletter-2'];
    const texts = names.flatMap((name) =>
      [1, 2, 3, 10, 100].flatMap((number) =>
        Array.from({ length: 500 }, (_, ms) => `run/${name}/export/${number}/${1_764_406_038_573 + ms}`),
      ),
    );
    const ids = texts.map((text) => uuidOf(text));
    expect(new Set(ids).size).toBe(texts.length);
    // Every digit but the two that say what kind of UUID it is.
    const digits = ids.map((id) => id.replaceAll('-', ''));
    for (const at of [0, 7, 8, 11, 13, 15, 17, 19, 20, 31])
      expect(new Set(digits.map((id) => id[at])).size).toBe(16);
  });
});
