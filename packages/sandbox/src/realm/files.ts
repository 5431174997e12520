import { fileNameProblem, type Json, type Outcome } from '@millrace/replay'
import { invalid, textOf } from './arguments.ts'
import { valueOrThrow } from './child-execution.ts'
import { InvalidInputError } from './exceptions.ts'
import { promised } from './promised.ts'
import { StoredRecord } from './records.ts'
import type { Run } from './run.ts'
import { jsonText } from './text.ts'

/** A file of the workspace: a content under a name that is a path. */
export class StoredFile extends StoredRecord {
  readonly #run: Run

  constructor(run: Run, name: unknown) {
    super(run, 'file', filePathOf(name))
    this.#run = run
    Object.freeze(this)
  }

  get name(): string {
    return this.key
  }

  getText(): Promise<Json> {
    return this.#read('file.getText', 'text', valueOrThrow)
  }

  getBase64(): Promise<Json> {
    return this.#read('file.getBase64', 'base64', valueOrThrow)
  }

  getBytes(): Promise<Uint8Array> {
    return this.#read('file.getBytes', 'base64', (outcome, frames) =>
      bytesOf(String(valueOrThrow(outcome, frames))),
    )
  }

  /** Size, hash and type; null when there is no such file. */
  getFacts(): Promise<Json> {
    return this.#read('file.getFacts', 'facts', valueOrThrow)
  }

  override exists(): Promise<boolean> {
    return this.#read(
      'file.exists',
      'facts',
      (outcome, frames) => valueOrThrow(outcome, frames) !== null,
    )
  }

  setText(content: unknown): Promise<void> {
    return promised(() => {
      const text = textOf('file.setText', 'content', content)
      if (!text.isWellFormed())
        throw new InvalidInputError(
          'file.setText: content holds half a surrogate pair, which UTF-8 cannot write',
        )
      return this.#write('file.setText', 'text', text)
    })
  }

  setBase64(content: unknown): Promise<void> {
    return promised(() => {
      const text = textOf('file.setBase64', 'content', content)
      try {
        bytesOf(text)
      } catch {
        throw new InvalidInputError('file.setBase64: content must be base64')
      }
      return this.#write('file.setBase64', 'base64', text)
    })
  }

  setBytes(content: unknown): Promise<void> {
    return promised(() => {
      if (!ArrayBuffer.isView(content))
        throw invalid('file.setBytes', 'content', 'a Uint8Array or another view of bytes', content)
      const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
      return this.#write('file.setBytes', 'base64', base64Of(bytes))
    })
  }

  /** To the trash. False when there was none. */
  override delete(): Promise<boolean> {
    return promised(() => {
      const args = (): string => `"name":${JSON.stringify(this.key)}`
      return this.#run.ask(
        { api: 'file.delete', kind: 'file_delete', label: this.key, args },
        (outcome, frames) => valueOrThrow(outcome, frames) === true,
      )
    })
  }

  #read<T>(
    api: string,
    as: 'text' | 'base64' | 'facts',
    answered: (outcome: Outcome, frames: () => string) => T,
  ): Promise<T> {
    return promised(() => {
      const args = (): string => `"name":${JSON.stringify(this.key)},"as":"${as}"`
      return this.#run.ask({ api, kind: 'file_get', label: this.key, args }, answered)
    })
  }

  #write(api: string, as: 'text' | 'base64', content: string): Promise<void> {
    const text = this.#run.checked(() => jsonText(content, `The content of "${this.key}"`))
    const args = (): string => `"name":${JSON.stringify(this.key)},"as":"${as}","content":${text}`
    return this.#run.ask(
      { api, kind: 'file_set', label: this.key, args },
      (outcome, frames) => void valueOrThrow(outcome, frames),
    )
  }
}

function filePathOf(name: unknown): string {
  const path = textOf('system.file', 'name', name)
  const problem = fileNameProblem(path)
  if (problem !== null) throw new InvalidInputError(`system.file: the name ${problem}`)
  return path
}

/** V8 has them; the types that we compile against do not know them yet. */
interface Base64Bytes {
  toBase64(): string
}
interface FromBase64 {
  fromBase64(text: string): Uint8Array
}

const base64Of = (bytes: Uint8Array): string => (bytes as unknown as Base64Bytes).toBase64()

/** Throws a SyntaxError for what is no base64. */
const bytesOf = (text: string): Uint8Array => (Uint8Array as unknown as FromBase64).fromBase64(text)
