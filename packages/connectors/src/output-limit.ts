import { ConnectionFailure } from './failure.ts'

export const tooLargeMessage = (maxBytes: number): string =>
  `The output is larger than max_output_size (${maxBytes} bytes). Ask for less, or raise max_output_size.`

/** Counts what arrives and throws TOO_LARGE past the limit, before it is all in memory. */
export function createOutputLimit(maxBytes: number): (bytes: number) => void {
  let seen = 0
  return (bytes) => {
    seen += bytes
    if (seen > maxBytes)
      throw new ConnectionFailure('TOO_LARGE', tooLargeMessage(maxBytes), { outcome: 'known' })
  }
}
