import { decidedOtherwise, documented, type Item, LATER, waiting } from './item.ts'

const STARTING = '6 Starting executions'
const WAITING = '7 Waiting for executions'

export const SECTION_6: readonly Item[] = [
  ...documented(STARTING, [
    ['6.1.1', ['rest', 'grpc'], 'An execution is created by one request and starts by itself.'],
    ['6.1.2', 'rest', 'A webhook starts executions.'],
    ['6.1.3', 'rest', 'A schedule starts executions.'],
    ['6.1.4', 'flow', 'An execution starts executions.'],
    ['6.1.5', 'rest', 'It can be started with options: wrappers, name, mode and more.'],
    ['6.2.1', 'flow', 'flow, connect and script create a child: by name, id, type or source.'],
    ['6.2.2', 'flow', 'By default a child is created, run and waited for until it has succeeded.'],
    ['6.2.2b', 'flow', 'wait false returns at once; wait takes a condition, too.'],
    ['6.2.2c', 'flow', 'run false creates a child without starting it.'],
    ['6.2.3', 'flow', 'Running a child that was run already does no harm.'],
    [
      '6.2.4',
      'flow',
      'run starts a child and waits; runAsync starts it and gives it back at once.',
    ],
    [
      '6.2.5',
      'flow',
      "The call's inputs are the input of the child, merged with those of the options.",
    ],
    ['6.2.6', 'flow', 'init sets fields of the new record.'],
    [
      '6.2.7',
      'flow',
      'A child that fails raises DependencyFailedError; uncaught, the parent fails.',
    ],
    ['6.2.8', 'rest', 'A parent shows its children, and a child knows its parent.'],
    ['6.2.9', 'flow', "A handler gets its inputs, and reads a child's output."],
    ['6.2.10', 'flow', 'A flow may start itself.'],
    ['6.2.11', 'flow', 'An orphan survives the cancel of its parent.'],
    ['6.2.12', 'flow', 'The end of a parent does not stop children that it did not wait for.'],
    ['6.3.1', 'flow', 'is_productive is inherited from the parent.'],
    ['6.4.1', ['rest', 'flow'], 'A run lives in the project of what it runs.'],
    ['6.4.2', ['rest', 'flow'], 'The call may name another project.'],
    ['6.4.4', 'rest', 'A webhook says where its executions live.'],
  ]),
  ...waiting(STARTING, [
    ['6.1.6', 'A plugin action starts executions.', LATER.plugins],
    ['6.1.7', 'A hook of an object template starts executions.', LATER.objects],
    ['6.3.2', 'Roles that propagate pass to what is started.', LATER.roles],
    ['6.4.5', 'A run of a resource in a bundle lives in that bundle.', LATER.bundles],
  ]),
  ...decidedOtherwise(STARTING, [
    ['6.4.3', 'location_inheritance names where a child lives, by a rule.', 'D46'],
  ]),
]

export const SECTION_7: readonly Item[] = [
  ...documented(WAITING, [
    ['7.1', 'flow', 'waitFor waits for several executions, wait for one; both take a timeout.'],
    ['7.2a', 'flow', 'ALL_ENDED: all have ended in any way.'],
    ['7.2b', 'flow', 'ALL_SUCCEEDED, the default: all have ended well.'],
    ['7.2c', 'flow', 'FIRST_ENDED: at least one has ended in any way.'],
    ['7.3', 'flow', 'Under ALL_SUCCEEDED one that failed raises DependencyFailedError.'],
    ['7.4', 'flow', 'ALL_ENDED and FIRST_ENDED do not raise; the caller looks at statuses.'],
    ['7.5', 'flow', 'A timeout raises DependencyTimeoutError, which is a TimeoutExceededError.'],
    ['7.6', 'rest', 'A wait can be looked at: its members and its condition.'],
    ['7.7', 'flow', 'One can wait for any execution that one can name.'],
    ['7.8', 'flow', 'Waiting for what has ended returns, or raises, at once.'],
    ['7.10', 'flow', 'Several are started without waiting and waited for together.'],
  ]),
  ...decidedOtherwise(WAITING, [
    ['7.9', 'Executions that wait for each other wait for ever.', 'D54'],
  ]),
]
