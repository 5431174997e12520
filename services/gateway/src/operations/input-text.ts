import { VALUE_MAX_BYTES } from '@millrace/replay'
import { invalid } from '../problem.ts'

/** An input as JSON text. Throws `invalid` for one that no realm could take. */
export function inputText(value: unknown, pointer: string): string {
  const text = JSON.stringify(value)
  // No character takes more than three bytes of UTF-8 for its one or two units.
  if (text.length * 3 > VALUE_MAX_BYTES && Buffer.byteLength(text) > VALUE_MAX_BYTES)
    throw invalid([
      {
        pointer,
        message: `has ${Buffer.byteLength(text)} bytes as JSON; ${VALUE_MAX_BYTES} are accepted (${VALUE_MAX_BYTES / 2 ** 20} MiB). Split it over several executions, or store a file and pass its name`,
      },
    ])
  return text
}
