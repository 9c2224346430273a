import { CONSENT_TEXT } from '../../../contract/destination';
import { countOf } from '../../../text/format';
import { isAgreement, notAgreed, statement, wrapped } from '../../destination/consent';
import { LONGEST_NAME } from '../../shell/options';
import { answered, type Draft, type Setup, type Step } from '../setup';

const NOT_AGREED = 'the data privacy statement is not agreed to';

export const privacy: Step = {
  title: 'Data privacy',
  missing: ({ options }) => [
    ...(options.agree ? [] : ['--agree']),
    ...(options.as === undefined ? ['--as <name>'] : []),
  ],
  answer: async (setup, draft) => {
    if (setup.options.agree && setup.options.as !== undefined)
      return { ...draft, agreedBy: setup.options.as };
    const { prompts } = setup;
    if (!prompts) throw notAgreed(NOT_AGREED);
    setup.invocation.terminal.err(`\nWhat is sent:\n\n${wrapped(whatLeaves(setup, draft))}\n${statement()}`);
    if (!setup.options.agree) {
      const answer = await prompts.text({
        message: 'Type "I agree" to agree',
        check: (text) =>
          isAgreement(text) ? undefined : 'Type "I agree", or press Ctrl-C to end the setup.',
      });
      if (!isAgreement(answer)) throw notAgreed(NOT_AGREED);
    }
    const agreedBy =
      setup.options.as ??
      (await prompts.text({
        message: 'Your name (recorded in the history)',
        initial: draft.agreedBy,
        check: (name) =>
          name !== '' && name.length <= LONGEST_NAME
            ? undefined
            : `A name has 1 to ${LONGEST_NAME} characters.`,
      }));
    return { ...draft, agreedBy };
  },
  summary: (draft) => [
    ['I agree', `${answered(draft, 'agreedBy')}, data privacy statement ${CONSENT_TEXT.version}`],
  ],
};

/** Before the statement: which data, from where, to where. */
function whatLeaves({ file }: Setup, draft: Draft): string {
  const name = answered(draft, 'source');
  const { attributes } = answered(draft, 'read');
  const kind = file.config.sources[name]?.kind ?? '';
  return (
    `An export sends data of the source "${name}" (${kind}) to Mailchimp: of each profile in the segments that you choose, the e-mail address, ` +
    `the attributes that you match (the source has ${countOf(attributes.length, 'attribute')}; nothing of the others is sent), and the names of its segments as tags.`
  );
}
