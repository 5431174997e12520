/**
 * Whether an attempt whose outcome is unknown may be made again.
 * `safe`: reads only. `idem`: again ends in the same state. `keyed`: a token makes it once.
 * `never`: anything else; a person or the flow decides.
 */
export const REPEAT_CLASSES = ['safe', 'idem', 'keyed', 'never'] as const
export type RepeatClass = (typeof REPEAT_CLASSES)[number]

export const mayRepeat = (repeatClass: RepeatClass): boolean => repeatClass !== 'never'

/** The caller's own word: `true` lifts never to idem, `false` lowers every class. */
export function declared(own: RepeatClass, idempotent: boolean | undefined): RepeatClass {
  if (idempotent === undefined) return own
  if (!idempotent) return 'never'
  return own === 'never' ? 'idem' : own
}
