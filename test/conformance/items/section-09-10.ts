import { decidedOtherwise, documented, type Item, LATER, waiting } from './item.ts'

const MESSAGES = '9 Messages and forms'
const SCHEDULES = '10 Schedules and schedulers'

export const SECTION_9: readonly Item[] = [
  ...documented(MESSAGES, [
    ['9.1', 'flow', 'message creates a message and waits for its answer; wait false does not.'],
    ['9.2a', ['rest', 'flow'], 'message is text and an OK button.'],
    [
      '9.2b',
      ['rest', 'flow'],
      'request is one input and an OK button; the answer is under string.',
    ],
    ['9.2c', ['rest', 'flow'], 'body is a whole form.'],
    [
      '9.3',
      'flow',
      'Also a message that only informs makes the run wait until somebody presses OK.',
    ],
    ['9.4', 'rest', 'A form is a JSON schema whose properties say type, element, label and order.'],
    ['9.5', 'flow', 'The response is read by the names of its properties.'],
    ['9.7', 'rest', 'The messages that wait for an answer are listed and counted.'],
    ['9.8', 'flow', "A message's id may be passed on, and another run waits for it."],
    ['9.9', 'flow', 'A timeout raises MessageResponseTimeoutError.'],
    ['9.10', 'rest', 'Only the first response counts.'],
    ['9.12', 'flow', 'A wrapper lets a person choose by message.'],
  ]),
  ...waiting(MESSAGES, [['9.11', 'Who sees a message is a matter of roles.', LATER.roles]]),
]

export const SECTION_10: readonly Item[] = [
  ...documented(SCHEDULES, [
    ['10.1', 'rest', 'A schedule ties a scheduler, a setting and a flow; each may be used again.'],
    ['10.2', 'rest', 'An enabled schedule has exactly one live execution, of type SCHEDULE.'],
    ['10.3', 'rest', 'A scheduler script does one iteration; the next is started for it.'],
    ['10.4', 'rest', 'After an error or a cancel the next iteration starts a minute later.'],
    ['10.4b', 'rest', 'Only disabling or deleting the schedule stops it.'],
    ['10.5', 'rest', 'The scheduler gets the ids of flow, setting and schedule.'],
    ['10.6', 'rest', 'The started flow is a child and knows its schedule.'],
    ['10.7', 'rest', 'Intervals, calendar days and any rule of their own are possible.'],
    ['10.8', 'rest', 'Schedulers for common needs come with the product.'],
    [
      '10.10',
      'rest',
      'A failed run does not stop the recurrence; intervals count from start or end.',
    ],
  ]),
  ...decidedOtherwise(SCHEDULES, [
    ['10.9', 'Missed times, overlap and summer time are left to scheduler scripts.', 'D77'],
    ['10.11', 'What disabling does to a sleeping iteration is left open.', 'D76'],
  ]),
]
