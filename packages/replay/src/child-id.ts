import { hex32, mix128 } from './mix.ts'

/**
 * The id of the child that command `seq` of a parent creates: a UUIDv7 whose random part is made of
 * parent, generation and command number, so that creating it twice creates it once. `atMs` is the
 * time that the parent's code saw, in ms since 1970; a replay sees the same.
 */
export function childId(parentId: string, generation: number, seq: number, atMs: number): string {
  const [a, b, c] = mix128(`${parentId}/${generation}/${seq}`)
  const time = Math.max(0, Math.floor(atMs)).toString(16).padStart(12, '0').slice(-12)
  const low = hex32(a)
  const middle = ((b & 0x3fff) | 0x8000).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${low.slice(0, 3)}-${middle}-${hex32(c)}${low.slice(4)}`
}
