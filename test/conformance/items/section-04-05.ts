import { decidedOtherwise, documented, type Item } from './item.ts'

const SAVEPOINTS = '4 Savepoints'
const DEBUGGING = '5 Development mode and debugging'

export const SECTION_4: readonly Item[] = [
  ...documented(SAVEPOINTS, [
    ['4.1', ['rest', 'flow'], 'Every call of the flow API makes a savepoint by itself.'],
    ['4.2', 'rest', 'A savepoint holds what is needed to go on, the line, the call and the time.'],
    ['4.3', 'flow', 'Savepoints survive idling and downtime, and move a run between engines.'],
    ['4.4', 'flow', 'A script can make a savepoint by name.'],
    [
      '4.5',
      ['rest', 'flow'],
      'A run goes back to a savepoint, by name or id, from inside and outside.',
    ],
    ['4.6', ['rest', 'flow'], 'Going back changes that run only; what it did outside stays done.'],
    ['4.7', 'rest', 'savepoint_retention ALL keeps all savepoints, LAST the newest.'],
  ]),
]

export const SECTION_5: readonly Item[] = [
  ...documented(DEBUGGING, [
    ['5.1', 'rest', 'An execution is in productive or in development mode.'],
    ['5.4', 'rest', 'A run in development mode can be made productive while it exists.'],
    ['5.5a', 'rest', 'A run is started in development mode on request.'],
    ['5.5b', 'rest', 'A webhook that is set to it starts runs in development mode.'],
    ['5.6', 'flow', 'Children of a run in development mode are in development mode.'],
    ['5.7', 'rest', 'Breakpoints and stepping exist in development mode only.'],
    ['5.8', 'rest', 'At a breakpoint the run pauses before the line, which is shown.'],
    ['5.9', 'rest', 'A breakpoint on an empty line does nothing.'],
    ['5.10', 'rest', 'Breakpoints are kept with the flow and copied to its runs.'],
    ['5.11', 'rest', 'A run with breakpoints checks each line that it executes; others do not.'],
    [
      '5.12',
      'rest',
      'With fixed breakpoints only, none can be changed while it runs, nor can one step.',
    ],
    ['5.13', 'rest', 'break pauses at the next line.'],
    ['5.14', 'rest', 'use_breakpoints says whether to stop at breakpoints.'],
    ['5.15', 'rest', 'lineno and last_command are the present line and the call in progress.'],
  ]),
  ...decidedOtherwise(DEBUGGING, [
    ['5.2', 'Connections in development mode are free, others count toward a quota.', 'D33'],
    ['5.3', 'A run in development mode moves only while its user is active.', 'D33'],
  ]),
]
