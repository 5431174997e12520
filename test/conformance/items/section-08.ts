import { decidedOtherwise, documented, type Item, LATER, waiting } from './item.ts'

const FLOW_API = '8 The flow API'

export const SECTION_8: readonly Item[] = [
  ...documented(FLOW_API, [
    ['8.1', 'flow', 'The handler gets system, the execution itself, and the inputs.'],
    ['8.2.exists', 'flow', 'Code asks whether a record exists.'],
    ['8.2.save', 'flow', 'Code creates and overwrites records by name.'],
    ['8.2.delete', 'flow', 'Code deletes records.'],
    ['8.2.clone', 'flow', 'Code clones a record, with changes.'],
    ['8.2.get', 'flow', 'get reads what is known, load reads the record again.'],
    ['8.2.fields', 'flow', 'One field gives its value, several give them together.'],
    [
      '8.2.list',
      'flow',
      'Code lists records by a filter; the list is of those there were at its start.',
    ],
    ['8.2.filter', 'flow', 'A filter has field, operator and value; text matches with a wildcard.'],
    ['8.3.using', 'flow', 'using starts a child through a wrapper.'],
    ['8.3.sleep', 'flow', 'sleep and sleepUntil wait for a time.'],
    ['8.3.end', 'flow', 'end ends the run with a status and a message.'],
    ['8.3.log', 'flow', 'log appends entries with structure, in order.'],
    ['8.3.setOutput', 'flow', 'setOutput sets one key of the output, or several.'],
    ['8.3.save', 'flow', 'save changes name, message and output of the running run.'],
    [
      '8.4.records',
      'flow',
      'system reaches flows, settings, connectors, files and the other records.',
    ],
    ['8.4.execution', 'flow', 'system reaches any execution of the workspace by id.'],
    ['8.4.returnWhen', 'flow', 'system has the names of the conditions.'],
    ['8.4.splitUrl', 'flow', 'A URL is split into the inputs of a REST connection.'],
    ['8.5.1', ['rest', 'flow'], 'A setting holds any JSON, read and written as a whole.'],
    ['8.5.2', 'flow', 'A setting is a lock, too: acquire, release; no timeout waits for ever.'],
    ['8.5.3', 'flow', 'A lock that is not free in time raises LockTimeoutError.'],
    ['8.5.4', 'rest', 'The holder of a lock is an execution.'],
    ['8.6.1', 'flow', 'A file is read and written as text, bytes and base64.'],
    ['8.6.2', ['rest', 'flow'], 'The name of a file is a path.'],
    ['8.7.1', 'flow', 'All exceptions of the engine are EngineException.'],
    ['8.7.2', 'flow', 'Something that does not exist raises ResourceNotFoundError.'],
    ['8.7.3', 'flow', 'The three timeouts are TimeoutExceededError.'],
    ['8.7.4', 'flow', 'A connector that lacks an input raises MissingInputError.'],
    ['8.7.5', 'flow', 'An input of the wrong type raises InvalidInputError.'],
    ['8.7.6', 'flow', 'An input that a connector does not know raises ExtraInputError.'],
    ['8.7.7', 'flow', "The language's own exceptions pass as they are."],
  ]),
  ...waiting(FLOW_API, [
    ['8.7.8', 'What the roles do not allow raises PermissionDenied.', LATER.roles],
    ['8.5.5', 'Secrets live in a vault and not in settings.', LATER.secrets],
  ]),
  ...decidedOtherwise(FLOW_API, [
    ['8.3.archive', 'A finished run can be hidden.', 'D11'],
    ['8.3.return', 'What the handler returns is not the output.', 'D23'],
  ]),
]
