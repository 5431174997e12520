import type { Json } from '@millrace/replay'
import { invalid, objectOf, onlyKeys, textOf } from './arguments.ts'
import { valueOrThrow } from './child-execution.ts'
import { isRecord } from './exceptions.ts'
import { promised } from './promised.ts'
import type { Run } from './run.ts'
import { jsonText } from './text.ts'

/** A record of some type, by name or id: what is known of it, and what is still to be saved. */
export class StoredRecord {
  readonly #run: Run
  readonly #type: string
  #key: string
  readonly #known = new Map<string, Json>()
  /** JSON texts by field. */
  readonly #unsaved = new Map<string, string>()
  /** Whether all of its fields are known. */
  #whole = false

  constructor(run: Run, type: string, key: unknown) {
    this.#run = run
    this.#type = type
    this.#key = recordKeyOf(`system.${type}`, key)
    if (new.target === StoredRecord) Object.freeze(this)
  }

  get type(): string {
    return this.#type
  }

  /** The name or id by which it is addressed. */
  get key(): string {
    return this.#key
  }

  exists(): Promise<boolean> {
    return promised(() => this.#ask('exists', 'exists', '', (answer) => answer === true))
  }

  get(...fields: unknown[]): Promise<Json> {
    return promised(() => {
      const names = this.#names('get', fields)
      const missing = names.filter((name) => !this.#unsaved.has(name) && !this.#known.has(name))
      const isKnown = names.length === 0 ? this.#whole : missing.length === 0
      if (isKnown) return Promise.resolve(this.#pick(names, true))
      return this.#read('get', missing).then(() => this.#pick(names, true))
    })
  }

  load(...fields: unknown[]): Promise<Json> {
    return promised(() => {
      const names = this.#names('load', fields)
      return this.#read('load', names).then(() => this.#pick(names, false))
    })
  }

  set(fields: unknown): void {
    for (const [name, text] of this.#texts('set', fields)) this.#unsaved.set(name, text)
  }

  save(fields?: unknown): Promise<this> {
    return promised(() => {
      const texts = new Map([...this.#unsaved, ...this.#texts('save', fields)])
      return this.#ask('save', 'save', `,"values":${membersText(texts)}`, (answer) => {
        for (const [name, text] of texts)
          if (this.#unsaved.get(name) === text) this.#unsaved.delete(name)
        this.#forget()
        if (isRecord(answer)) this.#learn(answer)
        return this
      })
    })
  }

  /** To the trash. False when there was none. */
  delete(): Promise<boolean> {
    return promised(() =>
      this.#ask('delete', 'delete', '', (answer) => {
        this.#forget()
        return answer === true
      }),
    )
  }

  clone(fields?: unknown): Promise<StoredRecord> {
    return promised(() => {
      const texts = this.#texts('clone', fields)
      return this.#ask('clone', 'clone', `,"values":${membersText(texts)}`, (answer) => {
        const made = isRecord(answer) ? (answer as Record<string, Json>) : {}
        const clone = new StoredRecord(this.#run, this.#type, made['id'])
        clone.#learn(made)
        return clone
      })
    })
  }

  toJSON(): Json {
    return { type: this.#type, key: this.#key }
  }

  #names(method: string, fields: readonly unknown[]): string[] {
    return fields.map((field) => textOf(`${this.#type}.${method}`, 'fields', field))
  }

  /** Absent is left alone, null clears. */
  #texts(method: string, fields: unknown): Map<string, string> {
    const given = objectOf(`${this.#type}.${method}`, 'fields', fields)
    const texts = new Map<string, string>()
    for (const [name, value] of Object.entries(given))
      if (value !== undefined)
        texts.set(
          name,
          this.#run.checked(() => jsonText(value, `The field "${name}"`)),
        )
    return texts
  }

  #read(method: string, fields: readonly string[]): Promise<void> {
    const all = fields.length === 0
    const more = `,"fields":${all ? 'null' : JSON.stringify(fields)}`
    return this.#ask(method, 'read', more, (answer) => {
      if (isRecord(answer)) this.#note(answer)
      this.#whole ||= all
    })
  }

  #ask<T>(method: string, action: string, more: string, answered: (answer: Json) => T): Promise<T> {
    const [type, key] = [this.#type, this.#key]
    const args = (): string =>
      `"request":{"action":"${action}","type":"${type}","key":${JSON.stringify(key)}${more}}`
    return this.#run.ask(
      { api: `${type}.${method}`, kind: 'record', label: key, args },
      (outcome, frames) => answered(valueOrThrow(outcome, frames)),
    )
  }

  #pick(names: readonly string[], withUnsaved: boolean): Json {
    const unsaved = (name: string): string | undefined =>
      withUnsaved ? this.#unsaved.get(name) : undefined
    const one = (name: string): Json => {
      const text = unsaved(name)
      return text === undefined ? (this.#known.get(name) ?? null) : (JSON.parse(text) as Json)
    }
    if (names.length === 1) return one(names[0] ?? '')
    if (names.length > 1) return names.map(one)
    const all = new Set([...this.#known.keys(), ...(withUnsaved ? this.#unsaved.keys() : [])])
    return Object.fromEntries([...all].map((name) => [name, one(name)]))
  }

  #note(facts: Record<string, Json>): void {
    for (const [name, value] of Object.entries(facts)) this.#known.set(name, value)
  }

  #forget(): void {
    this.#known.clear()
    this.#whole = false
  }

  /** After it was written: one that is addressed by name goes by its new one. */
  #learn(facts: Record<string, Json>): void {
    this.#note(facts)
    const { id, name } = facts
    if (this.#key !== id && typeof name === 'string') this.#key = name
  }
}

/** The ids of the records that there are now. */
export function listRecords(run: Run, type: string, options: unknown): Promise<string[]> {
  return promised(() => {
    const api = `system.${type}s`
    const given = objectOf(api, 'options', options)
    onlyKeys(api, 'options', given, ['filter', 'order', 'limit'])
    const { filter = null, order = null, limit = null } = given
    if (order !== null) textOf(api, 'order', order)
    const isLimit = typeof limit === 'number' && Number.isInteger(limit) && limit > 0
    if (limit !== null && !isLimit) throw invalid(api, 'limit', 'a whole number from 1', limit)
    const shown = run.checked(() => jsonText(filter, 'The filter'))
    const args = (): string =>
      `"request":{"action":"list","type":"${type}","filter":${shown},"order":${JSON.stringify(order)},"limit":${String(limit)}}`
    return run.ask({ api, kind: 'record', label: '', args }, (outcome, frames) => {
      const ids = valueOrThrow(outcome, frames)
      return Array.isArray(ids) ? ids.map(String) : []
    })
  })
}

function recordKeyOf(api: string, key: unknown): string {
  const text = textOf(api, 'name', key).trim()
  if (text === '' || text.length > RECORD_KEY_MAX)
    throw invalid(api, 'name', `a name or an id of 1 to ${RECORD_KEY_MAX} characters`, key)
  return text
}

/** As long as the name of a file may be. */
const RECORD_KEY_MAX = 512

function membersText(texts: ReadonlyMap<string, string>): string {
  return `{${[...texts].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`
}
