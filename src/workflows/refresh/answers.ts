import { isCancellation } from '@temporalio/workflow';
import type { Answer } from '../../activities/ask-destinations';
import { shortReason } from '../../contract/ended-export';
import { reasonOf } from '../failure';

interface Answered<Item> {
  readonly item: Item;
  readonly answer: Answer;
}

/** The answer of each destination. A step that failed is an answer of none of them: it may have asked some, or all. */
export async function answersOf<Item extends { readonly destinationId: string }>(
  items: readonly Item[],
  step: () => Promise<readonly Answer[]>,
): Promise<readonly Answered<Item>[]> {
  try {
    const answers = await step();
    return items.flatMap((item, index) => {
      const answer = answers[index];
      return answer ? [{ item, answer }] : [];
    });
  } catch (error) {
    if (isCancellation(error)) throw error;
    const failure = shortReason(reasonOf(error));
    return items.map((item) => ({
      item,
      answer: { kind: 'silent', destinationId: item.destinationId, failure },
    }));
  }
}
