import { ApiError, type Client, type Flow } from '@millrace/client'
import { CliError } from './cli-error.ts'
import { languageOfFlowFile } from './flow-files.ts'
import { readSource } from './read-input.ts'

export interface Pushed {
  readonly what: 'created' | 'updated' | 'unchanged'
  /** In words, for people; empty when there is nothing to say. */
  readonly changes: string
  readonly flow: Flow
}

/** Makes the server's flow be what the file says. Errors: CliError with file:line:column for a script that does not parse. */
export async function pushFlow(
  client: Client,
  input: { file: string; name: string; cwd: string },
): Promise<Pushed> {
  const wanted = {
    script: await readSource(input.file, input.cwd),
    language: languageOfFlowFile(input.file),
  }
  try {
    return await createOrUpdate(client, input.name, wanted)
  } catch (error) {
    throw error instanceof ApiError ? withPlace(error, input.file) : error
  }
}

type Wanted = Pick<Flow, 'script' | 'language'>

async function createOrUpdate(client: Client, name: string, wanted: Wanted): Promise<Pushed> {
  const present = await find(client, name)
  if (present !== null) return update(client, present, wanted)
  try {
    return { what: 'created', changes: '', flow: await client.flows.create({ name, ...wanted }) }
  } catch (error) {
    // Somebody else has created it since we looked.
    const other =
      error instanceof ApiError && error.status === 409 ? await find(client, name) : null
    if (other === null) throw error
    return update(client, other, wanted)
  }
}

async function update(client: Client, present: Flow, wanted: Wanted): Promise<Pushed> {
  const changes = describeChanges(present, wanted)
  if (changes === '') return { what: 'unchanged', changes, flow: present }
  return { what: 'updated', changes, flow: await client.flows.update(present.id, wanted) }
}

async function find(client: Client, name: string): Promise<Flow | null> {
  return client.flows.get(name, { by: 'name' }).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return null
    throw error
  })
}

function describeChanges(present: Wanted, wanted: Wanted): string {
  const changes: string[] = []
  if (present.script !== wanted.script)
    changes.push(`script (${countLines(present.script)} → ${countLines(wanted.script)} lines)`)
  if (present.language !== wanted.language)
    changes.push(`language (${present.language} → ${wanted.language})`)
  return changes.join(', ')
}

function countLines(script: string): number {
  return script.replace(/\n$/, '').split('\n').length
}

/** A problem in the script is shown the way compilers do, so that editors can jump to it. */
function withPlace(error: ApiError, file: string): Error {
  const places = error.problem.errors.filter(
    (field) => field.pointer === '/script' || field.line !== null,
  )
  if (places.length === 0) return error
  const lines = places.map(({ line, column, message }) => {
    const place = [file, line, column].filter((part) => part !== null).join(':')
    // The place is said once, in the way that editors understand.
    return `${place}: ${message.replace(/^line \d+, column \d+: /, '')}`
  })
  return new CliError(`the script is not accepted\n${lines.join('\n')}`)
}
