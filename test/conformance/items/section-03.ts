import { decidedOtherwise, documented, type Item } from './item.ts'

const LIFE = '3 Statuses and life cycle'

export const SECTION_3: readonly Item[] = [
  ...documented(LIFE, [
    ['3.WAITING_ENGINE', 'rest', 'WAITING_ENGINE: ready and queued for an engine.'],
    ['3.AT_ENGINE', 'rest', 'AT_ENGINE: an engine runs its script.'],
    ['3.WAITING_DEPENDENCY', 'rest', 'WAITING_DEPENDENCY: it waits for other executions.'],
    ['3.WAITING_LOCK', 'rest', 'WAITING_LOCK: it waits for the lock of a setting.'],
    ['3.WAITING_RESPONSE', 'rest', 'WAITING_RESPONSE: it waits for a message to be answered.'],
    ['3.SCHEDULED', 'rest', 'SCHEDULED: it sleeps until a time.'],
    ['3.PAUSED', 'rest', 'PAUSED: it is not processed until somebody resumes it.'],
    ['3.LOST', 'rest', 'LOST: whoever ran it is gone and could not be replaced.'],
    ['3.ENDED_SUCCESS', 'flow', 'ENDED_SUCCESS: the script has signalled success.'],
    ['3.ENDED_ERROR', 'flow', 'ENDED_ERROR: the script has signalled an error or thrown.'],
    ['3.ENDED_CANCELLED', 'flow', 'ENDED_CANCELLED: it was cancelled, by itself or by somebody.'],
    ['3.1', 'rest', 'Ended is one of the three ENDED statuses, for good.'],
    [
      '3.2',
      'flow',
      'The signals success, error and cancel end a run and cannot be caught by its code.',
    ],
    [
      '3.3',
      'flow',
      'An exception that nobody catches ends it in error, with the traceback as message.',
    ],
    ['3.5', 'flow', 'Code after a signal does not run; finally blocks do.'],
    [
      '3.7',
      'flow',
      'A run that idles is put away and goes on, when its wait is over, where it was.',
    ],
    ['3.8', 'flow', 'A run survives the death of its engine and goes on from its last call.'],
    ['3.9', 'rest', 'A crash is not an end, nor does it leave a run LOST.'],
    ['3.11', ['rest', 'flow'], 'pause and resume work from outside, and a run can pause itself.'],
    ['3.12', 'flow', 'A child is cancelled from code.'],
    ['3.14', 'rest', 'A breakpoint that is hit pauses the run.'],
    ['3.16a', 'rest', 'started_at is set when it first runs, ended_at at its end.'],
    ['3.16b', 'rest', 'started_at and ended_at follow a revert.'],
    ['3.18', 'rest', 'To run again is to start again, to revert, or to start with changed inputs.'],
    ['3.T1', 'rest', 'Created to run, it is WAITING_ENGINE, then AT_ENGINE, then at its end.'],
    [
      '3.T2',
      'rest',
      'A pause in any status that is no end holds; a resume leads back to what it was.',
    ],
    ['3.T3', 'rest', 'A cancel in any status that is no end ends it.'],
    ['3.T4', 'rest', 'A timeout of a wait lets it go on.'],
  ]),
  ...decidedOtherwise(LIFE, [
    ['3.4', 'Whether a handler may return without a signal is left open.', 'D23'],
    ['3.10', 'Cancelling a connection is a request, and it shows as running until then.', 'D27'],
    ['3.13', 'Runs in development mode are paused when their user becomes inactive.', 'D33'],
    ['3.15', 'The flag is_paused says what is wanted, the status what is.', 'D7'],
    ['3.17', 'Whether is_queued is true in exactly WAITING_ENGINE is left open.', 'D7'],
    ['3.19', 'An execution could say when it is to be deleted.', 'D20'],
  ]),
]
