/**
 * Encodes items into as few messages as fit into `maxBytes` each, in order. A single item that does
 * not fit goes to `tooLarge`, which may return a smaller one, or null to leave it out.
 */
export function split<Item>(
  items: readonly Item[],
  options: {
    readonly encode: (items: readonly Item[]) => Uint8Array
    readonly maxBytes: number
    readonly maxItems?: number
    readonly tooLarge: (item: Item) => Item | null
  },
): { readonly bytes: Uint8Array; readonly items: readonly Item[] }[] {
  const { encode, maxBytes, maxItems = Number.POSITIVE_INFINITY, tooLarge } = options
  const [first] = items
  if (first === undefined) return []
  if (items.length <= maxItems) {
    const bytes = encode(items)
    if (bytes.length <= maxBytes) return [{ bytes, items }]
  }
  if (items.length === 1) {
    const smaller = tooLarge(first)
    if (smaller === null) return []
    const bytes = encode([smaller])
    return bytes.length <= maxBytes ? [{ bytes, items: [smaller] }] : []
  }
  const middle = Math.ceil(items.length / 2)
  return [...split(items.slice(0, middle), options), ...split(items.slice(middle), options)]
}
