import { invalid } from '../problem.ts'

/** Names a record in a request: by its id, or by its name. */
type Key =
  | { readonly $case: 'id'; readonly value: string }
  | { readonly $case: 'name'; readonly value: string }
  | undefined

export function addressOf(key: Key): { readonly key: string; readonly by: 'id' | 'name' } {
  if (key === undefined) throw invalid([{ pointer: '', message: 'must have id or name' }])
  return { key: key.value, by: key.$case }
}
