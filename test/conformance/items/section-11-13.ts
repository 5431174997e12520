import { decidedOtherwise, documented, type Item, LATER, waiting } from './item.ts'

const WEBHOOKS = '11 Webhooks'
const WRAPPERS = '12 Wrappers'
const OBJECTS = '13 Object templates and custom objects'

export const SECTION_11: readonly Item[] = [
  ...documented(WEBHOOKS, [
    [
      '11.1',
      'rest',
      'A webhook is called below its name; further parts of the path are passed on.',
    ],
    [
      '11.2',
      'rest',
      'GET, DELETE, HEAD, POST, PUT and PATCH call it; the run gets method and the rest.',
    ],
    ['11.3', 'rest', 'Names of headers reach the run in lower case.'],
    ['11.4', 'rest', 'A webhook is disabled when it is created.'],
    ['11.5', 'rest', 'With a key, the caller has to give it, in the query or in the payload.'],
    ['11.6', 'rest', 'A call waits for the end and returns the result; async returns at once.'],
    ['11.7', 'rest', 'The answer is JSON, or what the run makes of it: status, headers and body.'],
    ['11.9', 'rest', 'A webhook has a flow, a mode, and says whether it needs a key.'],
    ['11.8', 'rest', 'POST and GET both create something.'],
  ]),
  ...waiting(WEBHOOKS, [
    ['11.10', 'Executions of a webhook have the roles of it that propagate.', LATER.roles],
  ]),
  ...decidedOtherwise(WEBHOOKS, [['11.12', 'What a refused call looks like is left open.', 'D81']]),
]

export const SECTION_12: readonly Item[] = [
  ...documented(WRAPPERS, [
    ['12.1', 'rest', 'A wrapper runs instead of what it wraps, and knows how to start that.'],
    ['12.2', 'rest', 'Flows, schedules, connections and wrappers can be wrapped.'],
    ['12.3a', 'rest', 'A static wrapper always applies, and the caller does not notice.'],
    ['12.3b', 'flow', 'A caller may name wrappers for one call.'],
    ['12.3c', 'flow', 'Static wrappers and those of the call form one chain.'],
    ['12.4', 'rest', 'It is an execution of type WRAPPER, and the wrapped run is its child.'],
    ['12.5', 'rest', 'Who starts a run from outside may choose wrappers.'],
    ['12.6', 'flow', "The wrapper's output stands in for the original's."],
    ['12.7.cache', 'flow', 'cache gives the last good output that is young enough, else runs.'],
    ['12.7.retry', 'flow', 'retry tries again after a while, a number of times.'],
    ['12.7.timeout', 'flow', 'timeout cancels what takes too long, and fails.'],
    ['12.7.notify', 'flow', 'notify tells of errors and cancels, and on request of successes.'],
    ['12.7.interactive', 'flow', 'interactive asks a person what to do about a failure.'],
    ['12.7.check', 'flow', 'check lets another flow or script judge the output.'],
    ['12.7.validate', 'flow', 'validate checks inputs and outputs.'],
  ]),
  ...decidedOtherwise(WRAPPERS, [['12.2b', 'Schedulers can be wrapped, too.', 'D87']]),
]

export const SECTION_13: readonly Item[] = [
  ...waiting(OBJECTS, [
    ['13.1', 'An object template defines a type of objects; entries are validated.', LATER.objects],
    ['13.2', 'Hooks of a template start executions on create, update and delete.', LATER.objects],
    ['13.3', 'Custom objects hold complex data.', LATER.objects],
    ['13.4', 'What a failing hook does is left open.', LATER.objects],
  ]),
]
