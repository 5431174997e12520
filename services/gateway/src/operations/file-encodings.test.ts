import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { asText, base64Length, checkText, fromBase64, toBase64 } from './file-encodings.ts'

const SEED = 20_260_401

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const all = async (parts: AsyncIterable<Uint8Array>): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(parts))

test('bytes go to base64 and back, in pieces of any size', () =>
  fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      async (bytes, there, back) => {
        const base64 = await all(toBase64(pieces(bytes, there)))
        assert.equal(base64.toString(), Buffer.from(bytes).toString('base64'))
        assert.equal(base64.length, base64Length(bytes.length))
        assert.deepEqual(await all(fromBase64(pieces(base64, back))), Buffer.from(bytes))
      },
    ),
    { seed: SEED },
  ))

test('base64 may have lines and no padding, and nothing else', async () => {
  const read = (text: string, size = 3) => all(fromBase64(pieces(Buffer.from(text), size)))
  assert.equal((await read('aGVs\r\nbG8')).toString(), 'hello')
  for (const text of ['a', '=', 'aGVs=', 'aGVsbG8=x', 'aA==aA==', 'aG=sbG8=', 'ä', 'aGVs-G8='])
    await assert.rejects(read(text), /is base64, and the body is not/, text)
})

test('text is UTF-8, also where a piece ends inside of a character', async () => {
  const text = Buffer.from('grüße, 世界')
  assert.deepEqual(await all(asText(pieces(text, 1))), text)
  assert.equal(await checkText(pieces(text, 2)), text.length)
  await assert.rejects(checkText(pieces(Buffer.from([0xc3]), 1)), /not UTF-8/)
  await assert.rejects(checkText(pieces(Buffer.from([0x61, 0xff]), 1)), /not UTF-8/)
})
