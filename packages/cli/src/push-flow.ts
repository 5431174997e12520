import { ApiError, type Flow, type Records } from '@millrace/client'
import { CliError } from './cli-error.ts'
import { languageOfFlowFile } from './flow-files.ts'
import { readSource } from './read-input.ts'

/** What has a script under a name: flows, wrappers. */
export interface Scripted extends Wanted {
  readonly id: string
  readonly name: string
}

export type ScriptRecords<T extends Scripted> = Pick<
  Records<T, Wanted & { readonly name: string }>,
  'create' | 'get' | 'update'
>

export interface Pushed<T extends Scripted = Flow> {
  readonly what: 'created' | 'updated' | 'unchanged'
  /** In words, for people; empty when there is nothing to say. */
  readonly changes: string
  readonly record: T
}

/** Makes the server's flow or wrapper be what the file says. Errors: CliError with file:line:column for a script that does not parse. */
export async function pushFlow<T extends Scripted>(
  records: ScriptRecords<T>,
  input: { file: string; name: string; cwd: string },
): Promise<Pushed<T>> {
  const wanted = {
    script: await readSource(input.file, input.cwd),
    language: languageOfFlowFile(input.file),
  }
  try {
    return await createOrUpdate(records, input.name, wanted)
  } catch (error) {
    throw error instanceof ApiError ? withPlace(error, input.file) : error
  }
}

type Wanted = Pick<Flow, 'script' | 'language'>

async function createOrUpdate<T extends Scripted>(
  records: ScriptRecords<T>,
  name: string,
  wanted: Wanted,
): Promise<Pushed<T>> {
  const present = await find(records, name)
  if (present !== null) return update(records, present, wanted)
  try {
    return { what: 'created', changes: '', record: await records.create({ name, ...wanted }) }
  } catch (error) {
    // Somebody else has created it since we looked.
    const other =
      error instanceof ApiError && error.status === 409 ? await find(records, name) : null
    if (other === null) throw error
    return update(records, other, wanted)
  }
}

async function update<T extends Scripted>(
  records: ScriptRecords<T>,
  present: T,
  wanted: Wanted,
): Promise<Pushed<T>> {
  const changes = describeChanges(present, wanted)
  if (changes === '') return { what: 'unchanged', changes, record: present }
  return { what: 'updated', changes, record: await records.update(present.id, wanted) }
}

async function find<T extends Scripted>(
  records: ScriptRecords<T>,
  name: string,
): Promise<T | null> {
  return records.get(name, { by: 'name' }).catch((error: unknown) => {
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
