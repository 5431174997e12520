import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type YAMLMap,
} from 'yaml'
import { below, type Faults } from './field-error.ts'
import type { Json } from './json.ts'
import { placeOf } from './read-documents.ts'

/** How much one text may come to, aliases counted as often as they are used. */
export interface Budget {
  nodes: number
  chars: number
}

/** As deep as executions nest, each with a value of 64 levels. */
const DEPTH_MAX = 192

/**
 * A parsed document as JSON. Anchors and aliases are followed as far as the budget goes; what JSON does
 * not have (other keys than text, a key twice, tags, infinity) is a fault. Null when there was one.
 */
export function jsonOfDocument(
  document: Document.Parsed,
  context: { pointer: string; budget: Budget; faults: Faults; lines: LineCounter },
): { readonly value: Json } | null {
  const { budget, faults, lines } = context
  const anchors = new Map<string, unknown>()
  /** Anchors whose node is being read: an alias to one of them would never end. */
  const open = new Set<string>()
  let broken = false
  const value = read(document.contents, context.pointer, 0)
  return broken ? null : { value }

  function read(node: unknown, pointer: string, depth: number): Json {
    if (node === null || node === undefined || broken) return null
    budget.nodes -= 1
    if (budget.nodes < 0)
      return fault(node, pointer, 'makes the text too large once its aliases are followed')
    if (depth > DEPTH_MAX) return fault(node, pointer, `is deeper than ${DEPTH_MAX} levels`)
    if (isAlias(node)) {
      if (open.has(node.source)) return fault(node, pointer, `*${node.source} refers to itself`)
      if (!anchors.has(node.source))
        return fault(node, pointer, `*${node.source} has no anchor before it`)
      return read(anchors.get(node.source), pointer, depth)
    }
    const anchor = (node as { anchor?: string }).anchor
    if (anchor === undefined) return plain(node, pointer, depth)
    open.add(anchor)
    const value = plain(node, pointer, depth)
    open.delete(anchor)
    anchors.set(anchor, node)
    return value
  }

  function plain(node: unknown, pointer: string, depth: number): Json {
    if (isScalar(node)) return scalar(node, node.value, pointer)
    if (isSeq(node))
      return node.items.map((item, index) => read(item, below(pointer, index), depth + 1))
    if (isMap(node)) return mapping(node, pointer, depth)
    return fault(node, pointer, 'is nothing that JSON has')
  }

  function mapping(node: YAMLMap, pointer: string, depth: number): Json {
    const entries = new Map<string, Json>()
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? key.value : null
      // In a flow mapping a bare `{a}` has no value; a missing key reads as null.
      if (typeof name !== 'string')
        return fault(key ?? node, pointer, 'has a key that is no text: quote it')
      if (entries.has(name)) return fault(key, below(pointer, name), 'is there twice')
      budget.chars -= name.length
      entries.set(name, read(value, below(pointer, name), depth + 1))
    }
    return Object.fromEntries(entries)
  }

  function scalar(node: unknown, value: unknown, pointer: string): Json {
    if (value === null || typeof value === 'boolean') return value
    if (typeof value === 'number')
      return Number.isFinite(value) ? value : fault(node, pointer, 'is no number that JSON has')
    if (typeof value !== 'string') return fault(node, pointer, 'is nothing that JSON has')
    budget.chars -= value.length
    if (budget.chars < 0)
      return fault(node, pointer, 'makes the text too large once its aliases are followed')
    return value
  }

  function fault(node: unknown, pointer: string, message: string): null {
    // One is enough: what a broken document means after it is a guess.
    const { range } = node as { range?: readonly number[] | null }
    if (!broken) faults.add({ pointer, message, ...placeOf(lines, range?.[0] ?? null) })
    broken = true
    return null
  }
}
