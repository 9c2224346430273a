/** What the browser shows of a sign-in: what happened, and what to do next. Without script, style sheets or anything of the reply. */
export interface CallbackPage {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

export const SIGNED_IN: CallbackPage = {
  status: 200,
  title: 'Signed in to Mailchimp',
  text: 'You can close this page and go back to the terminal.',
};

export const NOT_SIGNED_IN: CallbackPage = {
  status: 400,
  title: 'Not signed in to Mailchimp',
  text: 'The terminal says why, and what to do. You can close this page.',
};

export const ANOTHER_SIGN_IN: CallbackPage = {
  status: 400,
  title: 'This page belongs to another sign-in',
  text: 'Nothing was changed. Use the newest link that the terminal shows.',
};

/** For every other path. */
export const NOTHING_HERE: CallbackPage = {
  status: 404,
  title: 'Nothing is here',
  text: 'temporal-mailchimp waits here for the end of a sign-in with Mailchimp.',
};

/** The address of the page has the code: it must neither be kept nor passed on. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  connection: 'close',
};

export function pageHtml({ title, text }: CallbackPage): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body><h1>${title}</h1><p>${text}</p></body>
</html>
`;
}
