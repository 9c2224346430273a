import type { Browser, BrowserContextOptions, FrameLocator, Page } from 'playwright-core';
import { startDevServer, type DevServer } from '../../src/dev/dev-server';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import { temporalScheduleId } from '../../src/contract/identifiers';
import { scheduleUrl, workflowUrl } from '../../src/text/web-ui';
import { until } from '../support/until';
import { launchBrowser } from './chromium';

const NAMESPACE = 'default';
/** High enough for a history without scrolling. */
const VIEWPORT = { width: 1280, height: 2400 };

/** The dev server with its Web UI: that of the test run has none. */
export interface WebUi {
  readonly address: string;
  readonly browser: Browser;
  /** As a browser names it. */
  readonly origin: string;
  /** The page of the latest run of a workflow; with `codecEndpoint`, in a browser that is set to it. */
  open(workflowId: string, codecEndpoint?: string): Promise<WorkflowPage>;
  /** The page of a schedule of ours. */
  openSchedule(name: string): Promise<SchedulePage>;
  close(): Promise<void>;
}

export async function openWebUi(): Promise<WebUi> {
  const browser = await launchBrowser();
  const server = await startDevServer({ binary: await findTemporalBinary() });
  const { origin } = new URL(server.uiUrl ?? '');
  return {
    address: server.address,
    browser,
    origin,
    open: (workflowId, codecEndpoint) =>
      openWorkflow(browser, server, {
        workflowId,
        ...(codecEndpoint !== undefined && { options: withCodec(origin, codecEndpoint) }),
      }),
    openSchedule: (name) => openSchedule(browser, server, { name }),
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

/** A browser in which a person has set a codec server, without its switch for the access token, which needs a sign-in. */
function withCodec(origin: string, endpoint: string): BrowserContextOptions {
  const localStorage = [
    { name: 'endpoint', value: JSON.stringify(endpoint) },
    { name: 'overrideRemoteCodecConfiguration', value: 'true' },
  ];
  return { viewport: VIEWPORT, storageState: { cookies: [], origins: [{ origin, localStorage }] } };
}

interface OpenOptions {
  readonly workflowId: string;
  readonly runId?: string;
  readonly options?: BrowserContextOptions;
}

export async function openWorkflow(
  browser: Browser,
  { uiUrl = '' }: Pick<DevServer, 'uiUrl'>,
  { options = { viewport: VIEWPORT }, ...workflow }: OpenOptions,
): Promise<WorkflowPage> {
  const page = await browser.newPage(options);
  await page.goto(workflowUrl(uiUrl, { namespace: NAMESPACE, ...workflow }));
  return new WorkflowPage(page, workflow.workflowId);
}

export async function openSchedule(
  browser: Browser,
  { uiUrl = '' }: Pick<DevServer, 'uiUrl'>,
  {
    name,
    options = { viewport: VIEWPORT },
  }: { readonly name: string; readonly options?: BrowserContextOptions },
): Promise<SchedulePage> {
  const page = await browser.newPage(options);
  await page.goto(scheduleUrl(uiUrl, NAMESPACE, temporalScheduleId(name)));
  return new SchedulePage(page);
}

/** What a person reads on the page of a schedule. */
class SchedulePage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** The label below its name: "Running". */
  async state(): Promise<string> {
    const lines = await this.#lines();
    return lines[lines.findIndex((line) => line.startsWith('mailchimp-refresh/')) + 1] ?? '';
  }

  /** The runs that have been, as their status and their ids. */
  async recentRuns(): Promise<string[]> {
    const lines = await this.#between('View All Runs', 'Upcoming Runs');
    return lines.flatMap((line, index) =>
      line.startsWith('mailchimp-refresh/') ? [`${lines[index - 1]} ${line}`] : [],
    );
  }

  /** When it starts the next ones, to the minute: "2026-12-01 UTC 01:30". */
  async nextRuns(): Promise<string[]> {
    const lines = await this.#between('Upcoming Runs', 'Notes');
    return lines.map((line) => line.slice(0, 'yyyy-mm-dd UTC hh:mm'.length));
  }

  async note(): Promise<string> {
    return (await this.#between('Notes', 'Advanced Settings')).join(' ');
  }

  async #between(heading: string, next: string): Promise<string[]> {
    await this.page.getByText(next, { exact: true }).waitFor();
    const lines = await this.#lines();
    return lines.slice(lines.indexOf(heading) + 1, lines.indexOf(next));
  }

  async #lines(): Promise<string[]> {
    await this.page.getByText('Upcoming Runs', { exact: true }).waitFor();
    const text = await this.page.locator('main').innerText();
    return text.split('\n').flatMap((line) => line.trim() || []);
  }

  /** Follows a link of the page. */
  async follow(link: string): Promise<WorkflowPage> {
    await this.page.getByRole('link', { name: link, exact: true }).click();
    await this.page.waitForURL(/\/workflows\//);
    return new WorkflowPage(this.page, link);
  }
}

/** What a person reads on the page of a workflow. */
class WorkflowPage {
  readonly page: Page;
  readonly #workflowId: string;

  constructor(page: Page, workflowId: string) {
    this.page = page;
    this.#workflowId = workflowId;
  }

  /** The label beside the workflow id: "Running". */
  async status(): Promise<string> {
    await this.page.getByRole('heading', { level: 1 }).waitFor();
    const lines = (await this.page.locator('main').innerText()).split('\n').map((line) => line.trim());
    return lines.filter(Boolean)[lines.filter(Boolean).indexOf(this.#workflowId) - 1] ?? '';
  }

  async summary(): Promise<string> {
    return textOf(await this.#metadata('Summary'));
  }

  async details(): Promise<string> {
    return textOf(await this.#metadata('Details'));
  }

  /** Waits until the current details contain words, and reads them. They are those of the moment at which the page was opened. */
  async currentDetails(words: RegExp): Promise<CurrentDetails> {
    return until(async () => {
      const frame = await this.#metadata('Current Details');
      const text = await textOf(frame);
      if (words.test(text)) return readDetails(frame);
      await this.page.reload();
      return undefined;
    });
  }

  async #metadata(section: string): Promise<FrameLocator> {
    await this.page.getByText('User Metadata', { exact: true }).click();
    const heading = this.page.getByText(section, { exact: true });
    await heading.waitFor();
    // Each section is rendered from Markdown in a frame of its own.
    return heading.locator('xpath=following::iframe[1]').contentFrame();
  }

  /** Follows a link of the current details, as a person would; it opens a page of its own. */
  async follow(link: string): Promise<WorkflowPage> {
    const page = await this.#opened(link);
    const [, id = ''] = /\/workflows\/([^/]+)/.exec(page.url()) ?? [];
    return new WorkflowPage(page, decodeURIComponent(id));
  }

  /** The same for a link to a schedule. */
  async followToSchedule(link: string): Promise<SchedulePage> {
    return new SchedulePage(await this.#opened(link));
  }

  async #opened(link: string): Promise<Page> {
    const frame = await this.#metadata('Current Details');
    const opened = this.page.waitForEvent('popup');
    await frame.getByRole('link', { name: link, exact: true }).first().click();
    return opened;
  }

  /** The lines of the event history: the name of each step with its summary. */
  async steps(): Promise<string[]> {
    await this.#history();
    const text = await this.page.locator('main').innerText();
    return text.split('\n').filter((line) => /^mailchimp\.\w+ /.test(line));
  }

  /** How many pixels of the event history are orange or red, as the Web UI paints what was tried again, or failed. */
  async alarmingPixels(): Promise<number> {
    await this.#history();
    const png = (await this.page.screenshot()).toString('base64');
    return this.page.evaluate<number>(countAlarming(png));
  }

  async #history(): Promise<void> {
    await this.page.locator('main a[href$="/history"]').first().click();
    const heading = this.page.getByText('Event History', { exact: true });
    await heading.waitFor();
    await this.page.getByText('Workflow Execution Started').first().waitFor();
    // The drawing comes last.
    await this.page.locator('svg text', { hasText: 'mailchimp.' }).first().waitFor();
  }
}

/** For the browser: TypeScript knows only what Node has. */
const countAlarming = (png: string) => `(async () => {
  const image = await createImageBitmap(await (await fetch('data:image/png;base64,${png}')).blob());
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue] = data.slice(at, at + 3);
    if (red > 180 && red - blue > 60 && red - green > 40) found++;
  }
  return found;
})()`;

interface CurrentDetails {
  /** The decisive one. */
  readonly firstLine: string;
  /** The rows below it, as name and value. */
  readonly rows: Readonly<Record<string, string>>;
  /** Below it, where they are no table. */
  readonly lines: readonly string[];
  /** What is to be typed. */
  readonly commands: readonly string[];
}

async function readDetails(frame: FrameLocator): Promise<CurrentDetails> {
  const rows = await frame.locator('tbody tr').all();
  return {
    firstLine: await frame.locator('strong').first().innerText(),
    rows: Object.fromEntries(await Promise.all(rows.map(async (row) => row.locator('td').allInnerTexts()))),
    lines: await frame.locator('li').allInnerTexts(),
    commands: await frame.locator('code').allInnerTexts(),
  };
}

async function textOf(frame: FrameLocator): Promise<string> {
  return frame.locator('main').innerText();
}
