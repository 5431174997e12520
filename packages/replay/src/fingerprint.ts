import { hex32, mix128 } from './mix.ts'
import type { CommandKind } from './history.ts'

/**
 * The digest of one call of the Flow API. `args` is the JSON text of its arguments: the same code
 * on the same history makes the same text, so no canonical order of keys is needed.
 */
export function fingerprint(kind: CommandKind, label: string, args: string): string {
  const [a, b] = mix128(`${kind}\u0000${label}\u0000${args}`)
  return hex32(a) + hex32(b)
}
