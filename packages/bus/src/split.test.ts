import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { split } from './split.ts'

const encode = (items: readonly string[]): Uint8Array => Buffer.from(items.join(''))

describe('split', () => {
  it('keeps all items in order, each message within its bounds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 10 })),
        fc.integer({ min: 30, max: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (items, maxBytes, maxItems) => {
          const messages = split(items, { encode, maxBytes, maxItems, tooLarge: () => null })
          assert.deepEqual(
            messages.flatMap((message) => message.items),
            items,
          )
          for (const message of messages) {
            assert.ok(message.bytes.length <= maxBytes)
            assert.ok(message.items.length <= maxItems)
          }
        },
      ),
      { seed: 20_261_122 },
    )
  })

  it('sends the smaller form of an item that is too large, or leaves it out', () => {
    const items = ['a', 'x'.repeat(9), 'b']
    const options = { encode, maxBytes: 4 }
    const texts = (tooLarge: (item: string) => string | null): string[] =>
      split(items, { ...options, tooLarge }).flatMap((message) => message.items)
    assert.deepEqual(
      texts(() => 'x'),
      ['a', 'x', 'b'],
    )
    assert.deepEqual(
      texts(() => null),
      ['a', 'b'],
    )
  })
})
