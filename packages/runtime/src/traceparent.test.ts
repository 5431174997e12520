import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { childTraceparent, makeTraceparent, parseTraceparent } from './traceparent.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const header = `00-${traceId}-b7ad6b7169203331-01`

describe('a traceparent', () => {
  it('is read', () => {
    const parsed = { traceId, spanId: 'b7ad6b7169203331', sampled: true }
    assert.deepEqual(parseTraceparent(header), parsed)
    assert.deepEqual(parseTraceparent(`${header.slice(0, -2)}00`), { ...parsed, sampled: false })
    assert.deepEqual(parseTraceparent(`cc${header.slice(2)}-what-comes-later`), parsed)
  })

  it('is refused when malformed', () => {
    const bad = [
      null,
      undefined,
      '',
      'nonsense',
      `ff${header.slice(2)}`,
      `${header}-more`,
      header.toUpperCase(),
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `00-${traceId}-${'0'.repeat(16)}-01`,
    ]
    for (const each of bad) assert.equal(parseTraceparent(each), null, String(each))
  })

  it('begins a trace, or goes on with one', () => {
    const made = parseTraceparent(makeTraceparent(false))
    assert.equal(made?.sampled, false)
    const child = parseTraceparent(childTraceparent(header))
    assert.equal(child?.traceId, traceId)
    assert.notEqual(child?.spanId, 'b7ad6b7169203331')
    assert.notEqual(parseTraceparent(childTraceparent('nonsense'))?.traceId, traceId)
  })
})
