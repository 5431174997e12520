import type { Json } from '@millrace/replay'
import { checkJsonBytes, utf8Length } from './text.ts'

/**
 * The output that the code has set, whole or key by key. The keys are put together only when somebody
 * wants the text: code may set any number of them, one at a time.
 */
export class Output {
  /** Null: nothing is set, or `#members` is newer. */
  #text: string | null = null
  /** JSON text by key; null: the last was set whole. */
  #members: Map<string, string> | null = null
  /** Of the text that the members make. */
  #bytes = 0
  /** From now on what the flow returns is not the output. */
  isSet = false

  /** As JSON; null before anything is set. */
  get text(): string | null {
    if (this.#text === null && this.#members !== null) {
      const members = [...this.#members].map(([key, value]) => memberText(key, value))
      this.#text = `{${members.join(',')}}`
    }
    return this.#text
  }

  /** `text` has been measured. */
  setWhole(text: string): void {
    this.#text = text
    this.#members = null
    this.isSet = true
  }

  /** Sets the keys of an object, given as JSON. Throws LimitExceeded for what is too large with them. */
  setKeys(text: string): void {
    const before = this.#members ?? this.#membersOf(this.#text)
    const changes = Object.entries({ ...(JSON.parse(text) as Record<string, Json>) })
    let bytes = this.#bytes
    const members = new Map<string, string>()
    for (const [key, value] of changes) {
      const member = JSON.stringify(value)
      const old = before.get(key)
      bytes += sizeOf(key, member) - (old === undefined ? 0 : sizeOf(key, old))
      members.set(key, member)
    }
    checkJsonBytes(bytes, 'The output')
    for (const [key, member] of members) before.set(key, member)
    this.#members = before
    this.#bytes = bytes
    this.#text = null
    this.isSet = true
  }

  /** What is no object has no keys to keep. */
  #membersOf(text: string | null): Map<string, string> {
    const value = text === null ? null : (JSON.parse(text) as Json)
    const members = new Map<string, string>()
    this.#bytes = NO_MEMBERS_BYTES
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return members
    for (const [key, item] of Object.entries(value)) {
      const member = JSON.stringify(item)
      members.set(key, member)
      this.#bytes += sizeOf(key, member)
    }
    return members
  }
}

const memberText = (key: string, value: string): string => `${JSON.stringify(key)}:${value}`
/** With the comma before it. */
const sizeOf = (key: string, value: string): number => utf8Length(memberText(key, value)) + 1
/** Braces, and one comma less than members. */
const NO_MEMBERS_BYTES = 1
