/** Several values per key, in the order in which they came; none for a key that is not there. */
export class Multimap<K, V> {
  readonly #lists = new Map<K, V[]>()

  add(key: K, value: V): void {
    const list = this.#lists.get(key)
    if (list === undefined) this.#lists.set(key, [value])
    else list.push(value)
  }

  get(key: K): readonly V[] {
    return this.#lists.get(key) ?? []
  }
}
