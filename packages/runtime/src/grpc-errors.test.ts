import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Metadata, status } from '@grpc/grpc-js'
import fc from 'fast-check'
import { fromGrpcError, toGrpcFailure } from './grpc-errors.ts'
import { ERROR_CODES, ServiceError } from './service-error.ts'

describe('an error over gRPC', () => {
  it('comes back with the code, message and details it had', () => {
    const key = fc
      .string({ minLength: 1 })
      .filter((name) => !['errors', '__proto__'].includes(name))
    const codes = ERROR_CODES.filter((code) => code !== 'internal')
    fc.assert(
      fc.property(
        fc.constantFrom(...codes),
        fc.string({ unit: 'grapheme' }),
        fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.constantFrom('12', 'null', '"a"', '{'))),
        (code, message, details) => {
          const sent = structuredClone(details) as Record<string, unknown>
          const back = fromGrpcError(received(new ServiceError(code, message, { details: sent })))
          assert.deepEqual([back.code, back.message], [code, message])
          assert.deepEqual({ ...back.details }, sent)
        },
      ),
      { seed: 20_261_122 },
    )
  })

  it('has a code of its own for each of ours', () => {
    const codes = ERROR_CODES.map((code) => toGrpcFailure(new ServiceError(code, '')).code)
    assert.equal(new Set(codes).size, ERROR_CODES.length)
  })

  it('says nothing of what went wrong inside', () => {
    for (const error of [new Error('secret'), new ServiceError('internal', 'secret'), 'secret']) {
      const failure = toGrpcFailure(error)
      assert.equal(failure.code, status.INTERNAL)
      assert.equal(failure.details, 'internal error')
      assert.doesNotMatch(JSON.stringify(failure.metadata.getMap()), /secret/)
    }
  })

  it('says nothing of what a server behind it has said', () => {
    const cause = new Error('invalid input syntax for type uuid')
    const failure = toGrpcFailure(new ServiceError('invalid', cause.message, { cause }))
    assert.equal(failure.code, status.INVALID_ARGUMENT)
    assert.doesNotMatch(failure.details + JSON.stringify(failure.metadata.getMap()), /syntax/)
  })

  it('tells what is wrong with a request in the standard way', () => {
    const errors = [{ pointer: '/input_value/a', message: 'must be a number' }]
    const failure = toGrpcFailure(new ServiceError('invalid', 'no', { details: { errors } }))
    const [bytes] = failure.metadata.get('grpc-status-details-bin')
    assert.match(String(bytes), /google\.rpc\.BadRequest[^]*\/input_value\/a[^]*must be a number/)
  })

  it('says when to try again in the standard way', () => {
    const details = { retryAfterSeconds: 7 }
    const failure = toGrpcFailure(new ServiceError('limited', 'too much', { details }))
    const [bytes] = failure.metadata.get('grpc-status-details-bin')
    // A RetryInfo whose delay (field 1) has 7 seconds (field 1).
    const tail = Buffer.from('type.googleapis.com/google.rpc.RetryInfo\u0012\u0004\n\u0002\b\u0007')
    assert.ok(Buffer.from(bytes as Buffer).includes(tail))
  })

  it("of a stranger's server is known by its code", () => {
    const metadata = new Metadata()
    const error = (code: status) => Object.assign(new Error('x'), { code, details: 'd', metadata })
    assert.equal(fromGrpcError(error(status.ALREADY_EXISTS)).code, 'conflict')
    assert.equal(fromGrpcError(error(status.DEADLINE_EXCEEDED)).code, 'unavailable')
    assert.equal(fromGrpcError(error(status.UNIMPLEMENTED)).code, 'internal')
    metadata.set('grpc-status-details-bin', Buffer.from([255, 255, 255]))
    assert.equal(fromGrpcError(error(status.NOT_FOUND)).code, 'notFound')
    assert.equal(fromGrpcError(new Error('no gRPC at all')).code, 'internal')
  })
})

const received = (error: ServiceError) => Object.assign(new Error('received'), toGrpcFailure(error))
