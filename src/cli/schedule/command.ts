import { Command, Option } from 'commander';
import { OVERLAPS, PeriodSchema } from '../../contract/schedule';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { collect, examples, personName, positiveNumber, text, valueOf } from '../shell/options';
import { withClient } from '../shell/temporal';
import { describeSchedule, scheduleTable } from '../text/schedule';
import { backfillSchedule, deleteSchedule, pauseSchedule, triggerSchedule, unpauseSchedule } from './act';
import { collectDays, collectList, createSchedule, minutes } from './create';
import { syncSchedules } from './sync';

export function scheduleCommand(cli: Cli): Command {
  return new Command('schedule')
    .description('Create, show, pause and delete schedules, which export destinations again')
    .addCommand(createCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(pauseCommand(cli))
    .addCommand(unpauseCommand(cli))
    .addCommand(triggerCommand(cli))
    .addCommand(backfillCommand(cli))
    .addCommand(syncCommand(cli))
    .addCommand(deleteCommand(cli));
}

function createCommand(cli: Cli): Command {
  const command = new Command('create')
    .summary('Create a schedule')
    .description(
      'Create a schedule in Temporal. It needs no worker; the refreshes that it starts do.\n\n' +
        'Say what to refresh (--destination, --label or --all), and when (--daily, --cron or --every). The same again changes nothing. To ' +
        'change the schedule of one destination, use destination edit; to change another one, delete it and create it again. For one destination, the configuration file can have the schedule instead: ' +
        'destinations.NAME.schedule.',
    )
    .argument('<schedule>', 'name of the schedule')
    .option('--destination <name>', 'refresh this destination; repeatable', collect)
    .option('--label <label>', 'refresh the destinations with this label; repeatable', collect)
    .option('--all', 'refresh all destinations that are connected then')
    .option('--daily <times>', 'one to four times of day: 02:30 or 02:30,14:30', collectList)
    .option('--weekdays <days>', 'with --daily: only on these days: mon,fri', collectDays)
    .option('--cron <expression>', 'cron expression, as Temporal takes it; repeatable', collect)
    .option('--every <time>', 'interval: 30m, 6h, 1d; it counts from midnight UTC', valueOf(PeriodSchema))
    .option('--offset <time>', 'with --every: how much later', valueOf(PeriodSchema))
    .option('--timezone <zone>', 'IANA time zone, for example Europe/Berlin (default: UTC)', text);
  return withRules(command)
    .addHelpText(
      'after',
      examples(
        'schedule create nightly --all --daily 02:30 --timezone Europe/Berlin',
        'schedule create office --destination newsletter --daily 08:00,13:00 \\\n' +
          '      --weekdays mon,tue,wed,thu,fri --skip-date 2026-12-25 --jitter 5m',
        'schedule create often --label important --every 6h --when-source-changed',
      ),
    )
    .action(action(cli, createSchedule));
}

function withRules(command: Command): Command {
  return command
    .option('--jitter <time>', 'start up to this much later, by chance', valueOf(PeriodSchema))
    .option('--skip-date <date>', 'no refresh on this day; repeatable', collectList)
    .option('--start <date>', 'no refresh before this date, or time', text)
    .option('--end <date>', 'no refresh after this date, or time', text)
    .addOption(
      new Option(
        '--overlap <policy>',
        'when the last refresh still runs: leave this one out, start one after it, or start it at once (default: skip)',
      ).choices(OVERLAPS),
    )
    .option(
      '--catch-up <time>',
      'leave a refresh out that an outage of Temporal has delayed by more (default: 1h)',
      minutes,
    )
    .option('--pause-on-failure', 'pause the schedule when a refresh fails as a whole')
    .option('--when-source-changed', 'skip destinations with nothing new since their last complete export')
    .option('--at-once <n>', 'exports at the same time for one account (default: 4)', positiveNumber)
    .option('--longest <time>', 'a refresh ends after this time; its exports go on (default: 6h)', minutes)
    .option('--paused', 'create it paused')
    .option('--allow-unknown', 'create it also for destinations that are not connected yet');
}

function listCommand(cli: Cli): Command {
  return new Command('list')
    .description('List schedules, with their next times; a new one can take a second to appear')
    .addHelpText('after', examples('schedule list'))
    .action(action(cli, list));
}

async function list(invocation: Invocation): Promise<undefined> {
  const schedules = await withClient(invocation, (client) => client.schedule.list());
  print(invocation, {
    json: { schedules },
    text: (page) =>
      schedules.length === 0
        ? 'No schedules. Create one: temporal-mailchimp schedule create NAME'
        : scheduleTable(schedules, page),
  });
}

function showCommand(cli: Cli): Command {
  return new Command('show')
    .description('Show the settings, the next times and the last refreshes of a schedule')
    .argument('<schedule>', 'name of the schedule')
    .addHelpText('after', examples('schedule show nightly', 'schedule show nightly --json'))
    .action(action(cli, show));
}

async function show(invocation: Invocation, name: string): Promise<undefined> {
  await withClient(invocation, async (client, { webUi }) => {
    const view = await client.schedule.show(name);
    print(invocation, {
      json: view,
      text: (page) => describeSchedule(view, page),
      webUi: webUi.schedule(name),
    });
  });
}

function pauseCommand(cli: Cli): Command {
  return new Command('pause')
    .description('Pause a schedule: it starts nothing until unpause. A refresh that runs goes on')
    .argument('<schedule>', 'name of the schedule')
    .requiredOption('--as <name>', 'who pauses it; Temporal keeps it as a note', personName)
    .option('--reason <text>', 'why; Temporal keeps it as a note', text)
    .addHelpText('after', examples('schedule pause nightly --as "Kim Data" --reason "new source"'))
    .action(action(cli, pauseSchedule));
}

function unpauseCommand(cli: Cli): Command {
  return new Command('unpause')
    .description('Let a paused schedule go on. Times that have passed are not made up')
    .argument('<schedule>', 'name of the schedule')
    .requiredOption('--as <name>', 'who lets it go on; Temporal keeps it as a note', personName)
    .option('--reason <text>', 'why; Temporal keeps it as a note', text)
    .addHelpText('after', examples('schedule unpause nightly --as "Kim Data"'))
    .action(action(cli, unpauseSchedule));
}

function triggerCommand(cli: Cli): Command {
  return new Command('trigger')
    .description('Start a refresh now, also of a paused schedule, unless one of its refreshes runs')
    .argument('<schedule>', 'name of the schedule')
    .addHelpText('after', examples('schedule trigger nightly'))
    .action(action(cli, triggerSchedule));
}

function backfillCommand(cli: Cli): Command {
  return new Command('backfill')
    .summary('Start a refresh for each time of the schedule in a range of the past')
    .description(
      'Start a refresh for each time of the schedule in a range of the past, at most 100. Each exports the source as it is now.',
    )
    .argument('<schedule>', 'name of the schedule')
    .requiredOption('--from <date>', 'beginning: a date, or a time such as 2026-11-01T06:00:00Z', text)
    .requiredOption('--to <date>', 'end; a date: to the end of that day', text)
    .addOption(
      new Option('--overlap <policy>', 'when the one before still runs (default: one-by-one)').choices([
        'one-by-one',
        ...OVERLAPS,
      ]),
    )
    .addHelpText(
      'after',
      examples(
        'schedule backfill nightly --from 2026-11-01 --to 2026-11-02',
        'schedule backfill nightly --from 2026-11-01T00:00:00Z --to 2026-11-01T12:00:00Z',
      ),
    )
    .action(action(cli, backfillSchedule));
}

function syncCommand(cli: Cli): Command {
  return new Command('sync')
    .summary('Make Temporal match the schedules of the configuration file')
    .description(
      'Make Temporal match destinations.NAME.schedule of the configuration file: creates, changes and deletes schedules that come from ' +
        'a file. Those that a person created stay. `destination configure` does it for its destination.',
    )
    .argument('[destination...]', 'only of these destinations')
    .addHelpText('after', examples('schedule sync', 'schedule sync newsletter'))
    .action(action(cli, syncSchedules));
}

function deleteCommand(cli: Cli): Command {
  return new Command('delete')
    .description('Delete a schedule. A refresh that runs goes on')
    .argument('<schedule>', 'name of the schedule')
    .addHelpText('after', examples('schedule delete nightly'))
    .action(action(cli, deleteSchedule));
}
